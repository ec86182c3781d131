import type { DecisionRecord } from '../options/decision-record.ts'
import type { AccessToken } from '../token/access-token.ts'

interface Party {
  readonly issuer: string
  readonly subject: string
  readonly clientId?: string | undefined
}

const maxLength = 64

/**
 * Who acts for whom, for people: `user-42 ⇐ user-service ⇐ order-service`. The subject first, who acts
 * now last. An actor shows by its client id where it has one, and with its issuer where that is not the
 * token's. Not for policy, and not to be read back: long names are cut, and control characters escaped.
 */
export function formatActorChain(of: AccessToken | DecisionRecord): string {
  const { subject = '?', issuer } = of
  const { actors, truncated } = 'version' in of ? (of.chain ?? none) : chainOf(of)
  const shown = actors.map((actor) => nameOf(actor, issuer)).toReversed()
  return [readable(subject), ...(truncated ? ['…'] : []), ...shown].join(' ⇐ ')
}

const none = { actors: [], truncated: false }

function chainOf({ actor, priorActors }: AccessToken): {
  readonly actors: readonly Party[]
  readonly truncated: boolean
} {
  return { actors: actor ? [actor, ...priorActors] : [], truncated: false }
}

function nameOf({ issuer, subject, clientId }: Party, home: string | undefined): string {
  const name = readable(clientId ?? subject)
  return issuer === home ? name : `${name} (${readable(issuer)})`
}

/** Without what would move a cursor, turn text around, or look like a further actor. */
function readable(name: string): string {
  const escaped = name.replace(/[\p{C}\p{Z}⇐…]/gu, (character) =>
    character === ' ' ? ' ' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
  return escaped.length > maxLength ? `${escaped.slice(0, maxLength - 1)}…` : escaped
}
