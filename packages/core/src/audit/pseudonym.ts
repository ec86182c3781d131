import type { RecordBody, RecordedActor } from '../options/decision-record.ts'
import { quote } from '../lib/quote.ts'
import { hmacSha256 } from '#crypto'

/** Marks a subject in a record as pseudonymized. */
const prefix = 'hmac-sha256:'

/**
 * Computes the pseudonym that replaces a subject in decision records if `records.pseudonymKey` is
 * set: `hmac-sha256:` and the HMAC-SHA-256 (RFC 2104) of the subject, in base64url. Use it to find
 * the records of a known subject. A string key is encoded as UTF-8.
 *
 * @example
 * ```ts
 * import { type DecisionRecord, pseudonymize } from '@resource-server/core'
 *
 * export function recordsOf(user: string, records: readonly DecisionRecord[], key: string) {
 *   const pseudonym = pseudonymize(key, user)
 *   return records.filter((record) => record.subject === pseudonym)
 * }
 * ```
 */
export function pseudonymize(key: string | Uint8Array, subject: string): string {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  return prefix + hmacSha256(bytes, subject)
}

/**
 * Pseudonymizes the names in a record that may belong to people: the subject, every actor that is not known to be a
 * client, and the same names where the reason quotes them. Removes the path of the request, because paths often
 * contain user names.
 */
export function pseudonymous(body: RecordBody, key: Uint8Array): RecordBody {
  const { subject, actor, chain, request, reason } = body
  const persons = [subject, ...(chain?.actors ?? []).filter(mayBePerson).map((one) => one.subject)]
  const pseudonyms = new Map(
    persons.filter((name) => name !== undefined).map((name) => [name, pseudonymize(key, name)]),
  )
  const replaceActor = (one: RecordedActor): RecordedActor =>
    mayBePerson(one) ? { ...one, subject: pseudonyms.get(one.subject)! } : one
  return {
    ...body,
    ...(request && { request: withoutPath(request) }),
    ...(reason !== undefined && { reason: replaceNames(reason, pseudonyms) }),
    ...(subject !== undefined && { subject: pseudonyms.get(subject)! }),
    ...(actor && { actor: replaceActor(actor) }),
    ...(chain && { chain: { ...chain, actors: chain.actors.map(replaceActor) } }),
  }
}

/**
 * An actor is known to be a client only if its subject is its client ID. A different client ID may
 * belong to the client that a person used.
 */
function mayBePerson({ subject, clientId }: RecordedActor): boolean {
  return subject !== clientId
}

function withoutPath({ path: _path, ...rest }: NonNullable<RecordBody['request']>): {
  readonly method: string
} {
  return rest
}

/** Finds names by their quoted form, because that is how reasons contain the values in a token. */
function replaceNames(reason: string, pseudonyms: ReadonlyMap<string, string>): string {
  let text = reason
  for (const [name, pseudonym] of pseudonyms) text = text.replaceAll(quote(name), `"${pseudonym}"`)
  return text
}
