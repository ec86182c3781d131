import type { DecisionRecord } from '../options/decision-record.ts'
import type { AccessToken } from '../token/access-token.ts'

interface Party {
  readonly issuer: string
  readonly subject: string
  readonly clientId?: string | undefined
}

const maxLength = 64

/**
 * Formats who acts for whom as one line of text: the subject first, the current actor last. An actor
 * is shown by its client ID, or by its subject if it has no client ID. Its issuer follows in
 * parentheses if it is not the token's issuer.
 *
 * Use it only for display: do not parse the result or use it in access decisions. Names are cut to
 * 64 characters, and control and invisible characters are escaped.
 *
 * @example
 * ```ts
 * import { type AccessToken, formatActorChain } from '@resource-server/core'
 *
 * export function log(token: AccessToken): void {
 *   // user-42 ⇐ user-service ⇐ order-service
 *   console.log(formatActorChain(token))
 * }
 * ```
 */
export function formatActorChain(of: AccessToken | DecisionRecord): string {
  const { subject = '?', issuer } = of
  const { actors, truncated } = 'version' in of ? (of.chain ?? noChain) : chainOf(of)
  const names = actors.map((actor) => formatParty(actor, issuer)).toReversed()
  return [escapeName(subject), ...(truncated ? ['…'] : []), ...names].join(' ⇐ ')
}

const noChain = { actors: [], truncated: false }

function chainOf({ actor, priorActors }: AccessToken): {
  readonly actors: readonly Party[]
  readonly truncated: boolean
} {
  return { actors: actor ? [actor, ...priorActors] : [], truncated: false }
}

function formatParty(
  { issuer, subject, clientId }: Party,
  tokenIssuer: string | undefined,
): string {
  const name = escapeName(clientId ?? subject)
  return issuer === tokenIssuer ? name : `${name} (${escapeName(issuer)})`
}

/** Escapes characters that move the cursor, reverse the text, or imitate the separators. */
function escapeName(name: string): string {
  const escaped = name.replace(/[\p{C}\p{Z}⇐…]/gu, (character) =>
    character === ' ' ? ' ' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
  return escaped.length > maxLength ? `${escaped.slice(0, maxLength - 1)}…` : escaped
}
