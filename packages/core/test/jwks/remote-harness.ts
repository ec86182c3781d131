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

// A harness for remote key sets: a verifier whose issuer is a function, and the events of its keys.

export const issuer = 'https://as.example.com'
export const jwksUri = 'https://as.example.com/jwks'
const signer = await createTestIssuer({ algorithm: 'ES256' })
await signer.close()

const signingKeys: ReadonlyMap<string, ReturnType<typeof createSigningKey>> = new Map(
  ['a', 'b', 'c'].map((kid) => [kid, createSigningKey('ES256', kid)]),
)

/**
 * A response with a JWKS. Each character of `kids` is the `kid` of a key. The keys `a`, `b` and `c` are
 * usable. Any other one contains private key members. `more` has further entries.
 */
export function jwksResponse(
  kids: string,
  headers: Record<string, string> = {},
  more: readonly object[] = [],
): () => Response {
  const keys = kids
    .split('')
    .map((kid) => signingKeys.get(kid)?.publicJwk ?? { kid, kty: 'oct', k: 'x' })
  return () => Response.json({ keys: [...keys, ...more] }, { headers })
}

/** A response with status 503. */
export const errorResponse =
  (headers: Record<string, string> = {}) =>
  (): Response =>
    new Response(null, { status: 503, headers })

/** The reason for the failure of a fetch that gets `errorResponse()`. */
export const status503 = `GET ${jwksUri}: answered with status 503`

type Respond = () => Response | Promise<Response>
type EventDetails = Partial<Omit<KeyEvent, 'version' | 'issuer' | 'time'>>

export interface RemoteHarness {
  readonly verifier: Verifier
  readonly clock: TestClock
  /** Sets the response for all further fetches. */
  readonly setResponse: (respond: Respond) => void
  /** The number of fetches of the key set. */
  readonly fetches: () => number
  /** Checks a token signed with this key. Returns `granted` or the code of the refusal. */
  readonly check: (kid: string) => Promise<string>
  /** Waits until no fetch is in flight. */
  readonly idle: () => Promise<void>
  /** The key events since the last call. */
  readonly takeEvents: () => readonly EventDetails[]
}

/** A token signed with this key, or with key `a` if there is no such key. */
export const tokenWithKid = (
  kid: string,
  clock: TestClock,
  expiresIn = 60,
  claims: object = {},
): string => {
  const key = signingKeys.get(kid) ?? signingKeys.get('a')!
  const now = Math.floor(clock.now() / 1000)
  const payload = {
    iss: issuer,
    sub: 'u',
    aud,
    iat: Math.min(now, now + expiresIn),
    exp: now + expiresIn,
    ...claims,
  }
  return signer.sign({ header: { typ: 'at+jwt', alg: 'ES256', kid }, payload, key })
}

interface HarnessOptions extends VerifierOptions {
  readonly clock?: TestClock
}

export function startRemote(initial: Respond, options: HarnessOptions = {}): RemoteHarness {
  const { clock = createTestClock(new Date('2026-01-01T00:00:00Z')) } = options
  // The monotonic clock must not be zero, so that wrong subtractions are noticed.
  clock.advance(3600)
  let respond = initial
  let fetches = 0
  const fetch = async (): Promise<Response> => {
    fetches += 1
    return respond()
  }
  const verifier = createVerifier({ issuer, jwksUri, audience: aud, fetch, ...options, clock })
  let events: EventDetails[] = []
  const onEvent = (message: unknown): void => {
    const { version: _, issuer: _issuer, time: _time, ...details } = message as KeyEvent
    events.push(details)
  }
  subscribe('resource-server:keys', onEvent)
  onTestFinished(() => {
    unsubscribe('resource-server:keys', onEvent)
    verifier.close()
  })
  return {
    verifier,
    clock,
    setResponse: (next) => {
      respond = next
    },
    fetches: () => fetches,
    check: async (kid) => {
      const result = await verifier.check(tokenWithKid(kid, clock))
      return result.ok ? 'granted' : result.code
    },
    idle: async () => {
      do {
        await new Promise((resolve) => setImmediate(resolve))
      } while (verifier.health().issuers[0]?.inFlight)
    },
    takeEvents: () => {
      const taken = events
      events = []
      return taken
    },
  }
}

/** A clock whose timers never fire, as in a suspended process. */
export function suspendedClock(): TestClock {
  const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
  return { ...clock, schedule: () => () => {} }
}
