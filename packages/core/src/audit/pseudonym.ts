import type { RecordBody, RecordedActor } from '../options/decision-record.ts'
import { hmacSha256 } from '#crypto'

/** What marks a subject that was hashed. */
const prefix = 'hmac-sha256:'

/**
 * What stands in records for a subject where `records.pseudonymKey` is set: HMAC-SHA-256 (RFC 2104)
 * under that key, in base64url. For finding somebody's records again.
 */
export function pseudonymize(key: string | Uint8Array, subject: string): string {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  return prefix + hmacSha256(bytes, subject)
}

/**
 * Hashes whoever may be a person: the subject, and actors that are not known to be clients. The
 * path is left out, for it often names somebody; in the reason, quoted names are replaced.
 */
export function pseudonymous(body: RecordBody, key: Uint8Array): RecordBody {
  const { subject, actor, chain, request, reason } = body
  const people = [
    subject,
    ...(chain?.actors ?? []).filter(isPerhapsPerson).map((one) => one.subject),
  ]
  const names = new Map(
    people.filter((name) => name !== undefined).map((name) => [name, pseudonymize(key, name)]),
  )
  const hidden = (one: RecordedActor): RecordedActor =>
    isPerhapsPerson(one) ? { ...one, subject: names.get(one.subject)! } : one
  return {
    ...body,
    ...(request && { request: withoutPath(request) }),
    ...(reason !== undefined && { reason: replaced(reason, names) }),
    ...(subject !== undefined && { subject: names.get(subject)! }),
    ...(actor && { actor: hidden(actor) }),
    ...(chain && { chain: { ...chain, actors: chain.actors.map(hidden) } }),
  }
}

/** A client id that is not the subject may stand beside a person's: only equal ones tell. */
function isPerhapsPerson({ subject, clientId }: RecordedActor): boolean {
  return subject !== clientId
}

function withoutPath({ path: _path, ...rest }: NonNullable<RecordBody['request']>): {
  readonly method: string
} {
  return rest
}

/** Reasons quote what they found as JSON. */
function replaced(reason: string, names: ReadonlyMap<string, string>): string {
  let text = reason
  for (const [name, stand] of names) text = text.replaceAll(JSON.stringify(name), `"${stand}"`)
  return text
}
