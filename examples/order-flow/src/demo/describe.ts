import type { DecisionRecord } from '@resource-server/express'
import { decodeJwt, decodeProtectedHeader } from 'jose'

type Facts = readonly (readonly [name: string, value: unknown])[]

/** What a token says: of itself, then of who acts. Never the token. */
export function describeToken(token: string): string[] {
  const { alg } = decodeProtectedHeader(token)
  const { aud, sub, scope, nonce, act, may_act: mayAct } = decodeJwt<ShownClaims>(token)
  const itself: Facts = [
    ['alg', alg],
    ['aud', aud],
    ['sub', sub],
    ['scope', scope],
    ['nonce', nonce && '(present)'],
  ]
  const acting: Facts = [
    ['act', act && actors(act)],
    ['may_act', mayAct?.sub],
  ]
  return [line(itself), line(acting)].filter((text) => text !== '')
}

function line(facts: Facts): string {
  const known = facts.filter(([, value]) => value !== undefined)
  return known.map(([name, value]) => `${name} ${String(value)}`).join(' · ')
}

/** Whom a decision was about: verified where the signature held, and marked where it did not. */
export function describeIdentity({ subject, actor, unverified }: DecisionRecord): string {
  const verified = line([
    ['subject', subject],
    ['actor', actor?.subject],
  ])
  const claimed = line([
    ['issuer', unverified?.issuer],
    ['alg', unverified?.alg],
  ])
  return verified || (claimed && `unverified: ${claimed}`)
}

/** Enough of a token to see that there is one, and nothing to use. */
export function shortened(token: string): string {
  return `${token.slice(0, 12)}…`
}

interface ShownClaims {
  readonly scope?: string
  readonly nonce?: string
  readonly act?: Act
  readonly may_act?: Act
}

interface Act {
  readonly sub: string
  readonly act?: Act
}

/** Outermost first: who acts now, then who acted before. */
function actors({ sub, act }: Act): string {
  return act ? `${sub} (before: ${actors(act)})` : sub
}
