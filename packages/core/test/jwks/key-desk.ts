import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  createSigningKey,
  createTestClock,
  createTestIssuer,
  type TestClock,
} from '@resource-server/testing'
import { onTestFinished } from 'vitest'
import {
  createVerifier,
  type KeyEvent,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.ts'
import { aud } from '../support.ts'

// A service whose issuer is a function, and what is heard of the issuer's keys.

export const issuer = 'https://as.example.com'
const pen = await createTestIssuer({ algorithm: 'ES256' })
await pen.close()

const keyOf: ReadonlyMap<string, ReturnType<typeof createSigningKey>> = new Map(
  ['a', 'b', 'c'].map((kid) => [kid, createSigningKey('ES256', kid)]),
)

/** A key set of these keys; an answer of an issuer. */
export function publish(kids: string, headers: Record<string, string> = {}): () => Response {
  const keys = kids.split('').map((kid) => keyOf.get(kid)?.publicJwk ?? { kid, kty: 'oct', k: 'x' })
  return () => Response.json({ keys }, { headers })
}

export const down =
  (headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(null, { status: 503, headers })

type Answer = () => Response | Promise<Response>
type Heard = Partial<Omit<KeyEvent, 'version' | 'issuer' | 'time'>>

export interface KeyDesk {
  readonly verifier: Verifier
  readonly clock: TestClock
  /** What the issuer answers from now on. */
  readonly answer: (answer: Answer) => void
  /** How often the key set was asked for. */
  readonly fetches: () => number
  readonly ask: (kid: string) => Promise<string>
  /** Until no fetch is under way. */
  readonly settle: () => Promise<void>
  /** What happened to the keys since the last look. */
  readonly heard: () => readonly Heard[]
}

export const tokenOf = (kid: string, clock: TestClock, expiresIn = 60): string => {
  const key = keyOf.get(kid) ?? keyOf.get('a')!
  const now = Math.floor(clock.now() / 1000)
  const payload = { iss: issuer, sub: 'u', aud, iat: now, exp: now + expiresIn }
  return pen.sign({ header: { typ: 'at+jwt', alg: 'ES256', kid }, payload, key })
}

interface Setting extends VerifierOptions {
  readonly clock?: TestClock
}

export function openKeys(first: Answer, options: Setting = {}): KeyDesk {
  const { clock = createTestClock(new Date('2026-01-01T00:00:00Z')) } = options
  // What is subtracted from this clock must not be zero.
  clock.advance(3600)
  let [answer, fetches] = [first, 0]
  const fetch = async (): Promise<Response> => {
    fetches += 1
    return answer()
  }
  const jwksUri = `${issuer}/jwks`
  const verifier = createVerifier({ issuer, jwksUri, audience: aud, fetch, ...options, clock })
  let events: Heard[] = []
  const hear = (message: unknown): void => {
    const { version: _, issuer: _issuer, time: _time, ...event } = message as KeyEvent
    events.push(event)
  }
  subscribe('resource-server:keys', hear)
  onTestFinished(() => {
    unsubscribe('resource-server:keys', hear)
    verifier.close()
  })
  return {
    ...{ verifier, clock },
    answer: (next) => void (answer = next),
    fetches: () => fetches,
    ask: async (kid) => {
      const verdict = await verifier.check(tokenOf(kid, clock))
      return verdict.ok ? 'granted' : verdict.code
    },
    settle: async () => {
      do {
        await new Promise((resolve) => setImmediate(resolve))
      } while (verifier.health().issuers[0]?.inFlight)
    },
    heard: () => {
      const all = events
      events = []
      return all
    },
  }
}

/** A clock whose timers never fire, as in a process that sleeps. */
export function sleeping(): TestClock {
  const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
  return { ...clock, schedule: () => () => {} }
}
