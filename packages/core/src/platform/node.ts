import { AsyncResource } from 'node:async_hooks'
import { channel as open } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import { requireNodeVersion } from './node-version.ts'

// The global, because an import of node:process opens the standard streams: five milliseconds.
requireNodeVersion(process.versions)

/** A diagnostics channel. Check `hasSubscribers` before building a message. */
export interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

export function channel(name: string): Channel {
  return open(name)
}

/** Runs the work after the current operation, before the event loop reads new input. */
export function defer(work: () => void): void {
  process.nextTick(work)
}

/**
 * Captures the current asynchronous context. Returns a function that runs work in it later, so that the
 * span that is active now is active then.
 */
export function context(): (work: () => void) => void {
  const resource = new AsyncResource('ResourceServerDecision')
  return (work) => resource.runInAsyncScope(work)
}

export function warn(message: string): void {
  process.emitWarning(message, { type: 'ResourceServerWarning' })
}

/** Whether the environment variable `NODE_DEBUG` contains `resource-server`. */
export function isDebugging(): boolean {
  return debuglog('resource-server').enabled
}

/** Prints a line to stderr, in the form of Node's own debug output. */
export function printLine(line: string): void {
  // oxlint-disable-next-line no-console -- unlike a stream, it ignores a closed stderr
  console.error(`RESOURCE-SERVER ${process.pid}: ${line}`)
}

/**
 * Decodes base64url (RFC 4648 section 5). Returns `undefined` for an empty segment, and for any but the
 * canonical encoding of its bytes.
 */
export function decodeBase64url(segment: string): Uint8Array | undefined {
  // Buffer skips characters that it cannot decode. Encoding the result again reveals that.
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === segment ? bytes : undefined
}

/** Encodes bytes in base64url, without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}
