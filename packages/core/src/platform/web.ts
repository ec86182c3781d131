import { base64url } from 'jose'

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

const silent: Channel = Object.freeze({ hasSubscribers: false, publish: () => {} })

/** Runtimes without diagnostics channels: only `onDecision` gets records there. */
export function channel(_name: string): Channel {
  return silent
}

/** Not a timer: some runtimes end with the answer, and what was to come later never does. */
export function defer(work: () => void): void {
  queueMicrotask(work)
}

export function context(): (work: () => void) => void {
  return (work) => work()
}

export function warn(message: string): void {
  // oxlint-disable-next-line no-console -- these runtimes have no other place for a warning
  console.warn(message)
}

const alphabet = /^[A-Za-z0-9_-]+$/
/** Last characters whose unused bits are zero, by the length of the segment modulo 4. */
const canonicalEnd: readonly (RegExp | undefined)[] = [
  /./,
  undefined,
  /[AQgw]$/,
  /[AEIMQUYcgkosw048]$/,
]

/** The bytes of a non-empty segment; `undefined` unless it is their one spelling (RFC 4648 section 5). */
export function decodeBase64url(segment: string): Uint8Array | undefined {
  if (!alphabet.test(segment)) return undefined
  if (!canonicalEnd[segment.length % 4]?.test(segment.slice(-1))) return undefined
  return base64url.decode(segment)
}
