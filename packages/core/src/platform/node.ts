import { channel } from 'node:diagnostics_channel'

const decisions = channel('resource-server:decision')

/** Whether anybody subscribed; building a record for nobody costs nothing. */
export function hasSubscribers(): boolean {
  return decisions.hasSubscribers
}

const keyEvents = channel('resource-server:keys')

export function hasKeySubscribers(): boolean {
  return keyEvents.hasSubscribers
}

export function publishKeyEvent(event: unknown): void {
  keyEvents.publish(event)
}

export function publish(record: unknown): void {
  decisions.publish(record)
}

/** The bytes of a non-empty segment; `undefined` unless it is their one spelling (RFC 4648 section 5). */
export function decodeBase64url(segment: string): Uint8Array | undefined {
  // Buffer takes almost anything. What it writes for the bytes is the one spelling.
  const bytes = Buffer.from(segment, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === segment ? bytes : undefined
}
