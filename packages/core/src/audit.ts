import type { Actor } from './delegation.ts'
import { type JsonObject, own } from './json.ts'
import type { Policy } from './policy.ts'
import type { DecisionRecord, Identity, RecordedActor, UnverifiedNames } from './record.ts'
import { Refusal } from './refusal.ts'
import type { AccessToken } from './token.ts'
import * as platform from '#platform'

type Body = Omit<DecisionRecord, 'version' | 'time'>

/** The part of a record that says how it ended. */
export function endOf(result: unknown): Pick<DecisionRecord, 'outcome' | 'code' | 'reason'> {
  if (!(result instanceof Refusal)) return { outcome: 'granted' }
  const { category, code, reason } = result
  return { outcome: category === 'refused' ? 'refused' : 'undecided', code, reason }
}

/** Tells whoever listens. Nothing that a listener does reaches the decision or its caller. */
export function report({ onDecision, clock }: Policy, body: () => Body): void {
  if (!onDecision && !platform.hasSubscribers()) return
  try {
    const time = new Date(clock.now()).toISOString()
    const record: DecisionRecord = Object.freeze({ version: 1, time, ...body() })
    platform.publish(record)
    void Promise.resolve(onDecision?.(record)).catch(() => {})
  } catch {
    // A sink that throws must not let anybody in, nor keep anybody out.
  }
}

export function identityOf(token: AccessToken): Identity {
  const { subject, issuer, clientId, actor, priorActors, audience, scopes } = token
  return {
    subject,
    issuer,
    ...(clientId !== undefined && { clientId }),
    ...(actor && { actor: recorded(actor), priorActors: priorActors.map(recorded) }),
    audience,
    scopes,
  }
}

/** Of a token whose signature holds and whose claims do not: the issuer's words, where they are words. */
export function claimedIdentity(claims: JsonObject): Identity {
  const names = { subject: own(claims, 'sub'), issuer: own(claims, 'iss') }
  return Object.fromEntries(Object.entries(names).filter(([, value]) => typeof value === 'string'))
}

function recorded({ issuer, subject, clientId }: Actor): RecordedActor {
  return { issuer, subject, ...(clientId !== undefined && { clientId }) }
}

/** Names as the token gives them, made harmless for logs: they are an attacker's choice. */
export function unverifiedNames(names: Readonly<Record<keyof UnverifiedNames, unknown>>): Identity {
  const shown = Object.entries(names).filter(([, value]) => typeof value === 'string')
  return {
    unverified: Object.fromEntries(shown.map(([name, value]) => [name, harmless(value as string)])),
  }
}

function harmless(value: string): string {
  const escaped = value
    .slice(0, 128)
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${hex(character)}`)
  return escaped.slice(0, 128)
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0')
}
