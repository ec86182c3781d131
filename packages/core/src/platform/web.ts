import * as base64url from 'jose/base64url'

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

const silent: Channel = Object.freeze({ hasSubscribers: false, publish: () => {} })

/** These runtimes have no diagnostics channels, so only `onDecision` receives records. */
export function channel(_name: string): Channel {
  return silent
}

/** Runs the work in a microtask. Some runtimes stop after the response, so a timer might never fire. */
export function defer(work: () => void): void {
  queueMicrotask(work)
}

/** Returns a function that runs work as it is: asynchronous context is not captured here. */
export function context(): (work: () => void) => void {
  return (work) => work()
}

export function warn(message: string): void {
  // oxlint-disable-next-line no-console -- these runtimes have no other place for a warning
  console.warn(message)
}

/** These runtimes have no `NODE_DEBUG`. */
export function isDebugging(): boolean {
  return false
}

export function printLine(line: string): void {
  // oxlint-disable-next-line no-console -- these runtimes have no other place for a line
  console.error(`RESOURCE-SERVER: ${line}`)
}

const alphabet = /^[A-Za-z0-9_-]+$/
/** Last characters whose unused bits are zero, indexed by the length of the segment modulo 4. */
const canonicalEnd: readonly (RegExp | undefined)[] = [
  /./,
  undefined,
  /[AQgw]$/,
  /[AEIMQUYcgkosw048]$/,
]

/**
 * Decodes base64url (RFC 4648 section 5). Returns `undefined` for an empty segment, and for any but the
 * canonical encoding of its bytes.
 */
export function decodeBase64url(segment: string): Uint8Array | undefined {
  if (!alphabet.test(segment)) return undefined
  if (!canonicalEnd[segment.length % 4]?.test(segment.slice(-1))) return undefined
  return base64url.decode(segment)
}

/** Encodes bytes in base64url, without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return base64url.encode(bytes)
}
