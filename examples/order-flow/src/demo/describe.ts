import type { DecisionRecord } from '@resource-server/express'
import { decodeJwt, decodeProtectedHeader } from 'jose'

type Facts = readonly (readonly [name: string, value: unknown])[]

/** Describes a token without revealing it: one line with its main claims, and one about its actors. */
export function describeToken(token: string): string[] {
  const { alg } = decodeProtectedHeader(token)
  const { aud, sub, scope, nonce, act, may_act: mayAct } = decodeJwt<DisplayedClaims>(token)
  const main: Facts = [
    ['alg', alg],
    ['aud', aud],
    ['sub', sub],
    ['scope', scope],
    ['nonce', nonce && '(present)'],
  ]
  const delegation: Facts = [
    ['act', act && describeActors(act)],
    ['may_act', mayAct?.sub],
  ]
  return [line(main), line(delegation)].filter((text) => text !== '')
}

function line(facts: Facts): string {
  const known = facts.filter(([, value]) => value !== undefined)
  return known.map(([name, value]) => `${name} ${String(value)}`).join(' · ')
}

/** The subject and actor of a verified token. For an unverified token, the issuer that it claims. */
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

/** The first characters of a token: enough to show that it is there, too few to use it. */
export function truncateToken(token: string): string {
  return `${token.slice(0, 12)}…`
}

interface DisplayedClaims {
  readonly scope?: string
  readonly nonce?: string
  readonly act?: Act
  readonly may_act?: Act
}

interface Act {
  readonly sub: string
  readonly act?: Act
}

/** The current actor first, then the prior actors. */
function describeActors({ sub, act }: Act): string {
  return act ? `${sub} (prior actor: ${describeActors(act)})` : sub
}
