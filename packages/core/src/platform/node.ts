import { AsyncResource } from 'node:async_hooks'
import { channel as open } from 'node:diagnostics_channel'
import { emitWarning, nextTick } from 'node:process'

/** Where diagnostics go; `hasSubscribers` first, since a message for nobody need not be built. */
export interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

export function channel(name: string): Channel {
  return open(name)
}

/** After what is being answered now has been answered, and before anything new is read. */
export function defer(work: () => void): void {
  nextTick(work)
}

/** Runs work, whenever it is, in the asynchronous context of now: a span that is active now is then. */
export function context(): (work: () => void) => void {
  const resource = new AsyncResource('ResourceServerDecision')
  return (work) => resource.runInAsyncScope(work)
}

export function warn(message: string): void {
  emitWarning(message, { type: 'ResourceServerWarning' })
}

/** The bytes of a non-empty segment; `undefined` unless it is their one spelling (RFC 4648 section 5). */
export function decodeBase64url(segment: string): Uint8Array | undefined {
  // Buffer takes almost anything. What it writes for the bytes is the one spelling.
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === segment ? bytes : undefined
}
