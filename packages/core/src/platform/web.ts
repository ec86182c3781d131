import { base64url } from 'jose'

/** Runtimes without a diagnostics channel: only `onDecision` gets records there. */
export function hasSubscribers(): boolean {
  return false
}

export function publish(_record: unknown): void {}

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

export function hasKeySubscribers(): boolean {
  return false
}

export function publishKeyEvent(_event: unknown): void {}
