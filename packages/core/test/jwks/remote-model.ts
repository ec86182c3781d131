import { createSigningKey, createTestIssuer, type TestClock } from '@resource-server/testing'
import { type AsyncCommand, constantFrom, integer } from 'fast-check'
import { expect } from 'vitest'
import { createVerifier, type Verifier } from '../../src/index.ts'
import { aud } from '../support.ts'

// Model-based test of the remote key set: random sequences of rotations, outages, waits and tokens. The
// model knows only what the issuer responded, and when.

const issuer = 'https://as.example.com'
const signer = await createTestIssuer()
await signer.close()
const keys = ['a', 'b', 'c', 'd'].map((kid) => createSigningKey('ES256', kid))
const kids = keys.map(({ kid }) => kid)

interface FetchRecord {
  readonly at: number
  /** The kids in the response. `undefined` if the issuer was down. */
  readonly kids: readonly string[] | undefined
}

/** The state of the issuer, and the fetches so far. */
export interface Model {
  published: readonly string[]
  down: (() => Response) | undefined
  readonly fetches: FetchRecord[]
  /** The reading of the clock at the start. */
  readonly origin: number
}

export interface Real {
  readonly clock: TestClock
  readonly verifier: Verifier
  readonly idle: () => Promise<void>
}

export function start(model: Model): Real {
  const { clock } = signer
  const fetch = async (): Promise<Response> => {
    const at = clock.monotonic() - model.origin
    const response = model.down?.() ?? Response.json({ keys: jwksOf(model.published) })
    model.fetches.push({ at, kids: model.down ? undefined : model.published })
    return response
  }
  const jwksUri = `${issuer}/jwks`
  const verifier = createVerifier({ issuer, jwksUri, audience: aud, clock, fetch })
  const idle = async (): Promise<void> => {
    do {
      await new Promise((resolve) => setImmediate(resolve))
    } while (verifier.health().issuers[0]?.inFlight)
  }
  return { clock, verifier, idle }
}

const jwksOf = (published: readonly string[]) =>
  keys.filter(({ kid }) => published.includes(kid)).map(({ publicJwk }) => publicJwk)

const hour = 3_600_000
const freshness = 300_000

/** The expected outcome for a token after these fetches. */
function expected(fetches: readonly FetchRecord[], kid: string, now: number): string {
  const last = fetches.findLast((fetch) => fetch.kids !== undefined)
  if (!last || now - last.at >= freshness + hour) return 'keys_unavailable'
  if (last.kids!.includes(kid)) return 'granted'
  return fetches.at(-1)!.kids ? 'key_not_found' : 'keys_unavailable'
}

type Command = AsyncCommand<Model, Real>

const command = (name: string, run: Command['run']): Command => ({
  check: () => true,
  toString: () => name,
  run,
})

const check = (kid: string): Command =>
  command(`check(${kid})`, async (model, { clock, verifier, idle }) => {
    const key = keys.find((one) => one.kid === kid)!
    const seconds = Math.floor(clock.now() / 1000)
    const payload = { iss: issuer, sub: 'u', aud, iat: seconds, exp: seconds + 60 }
    const header = { typ: 'at+jwt', alg: 'ES256', kid }
    const now = clock.monotonic() - model.origin
    const before = [...model.fetches]
    const result = await verifier.check(signer.sign({ header, payload, key }))
    await idle()
    const outcome = result.ok ? 'granted' : result.code
    // A background refresh can end before or after the token is checked.
    const allowed = [before, model.fetches].map((fetches) => expected(fetches, kid, now))
    // Without a fetch, an unknown key may be new.
    if (model.fetches.length === before.length && outcome !== 'granted')
      expect(outcome).toBe('keys_unavailable')
    // The fetches of one minute can be used up.
    if (outcome === 'keys_unavailable' && allowed.includes('key_not_found')) return
    expect(allowed, `${kid}, published: ${model.published.join()}`).toContain(outcome)
    // If there was no recent fetch and the issuer is up, a published key must be found.
    const fetchedRecently = before.some(({ at }) => now - at < 60_000)
    if (!fetchedRecently && !model.down && model.published.includes(kid))
      expect(outcome).toBe('granted')
  })

const wait = (minutes: number): Command =>
  command(`wait(${minutes} min)`, async (model, { clock, idle, verifier }) => {
    for (let step = 0; step < minutes * 6; step += 1) {
      clock.advance(10)
      await idle()
    }
    const isStarted = model.fetches.length > 0
    if (!isStarted || model.down || minutes < 6) return
    expect(model.fetches.at(-1)!.kids, 'is refreshed without a request').toEqual(model.published)
    expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh' })
  })

export const change = (name: string, apply: (model: Model) => void): Command =>
  command(name, async (model) => apply(model))

/** Tokens with invented kids. Their signatures are never checked. */
export const flood = (): Command =>
  command('flood', async (model, { clock, verifier, idle }) => {
    const payload = { iss: issuer, sub: 'u', aud }
    for (let second = 0; second < 20; second += 1) {
      const header = { typ: 'at+jwt', alg: 'ES256', kid: `invented-${clock.monotonic()}` }
      const fetches = model.fetches.length
      const result = await verifier.check(signer.sign({ header, payload }))
      const now = clock.monotonic() - model.origin
      // Without a fetch, the key may be new.
      const outcome =
        model.fetches.length > fetches
          ? expected(model.fetches, header.kid, now)
          : 'keys_unavailable'
      expect(result.ok || result.code).toBe(outcome)
      await idle()
      clock.advance(1)
      await idle()
    }
  })

export const outages: Readonly<Record<string, () => Response>> = {
  error: () => new Response('', { status: 500 }),
  garbage: () => new Response('<h1>Back soon</h1>'),
  'cut off': () => new Response('{"keys":[{"kty":'),
}

export const anyCommand = [
  constantFrom(...kids).map((kid) => check(kid)),
  constantFrom(...kids).map((kid) => check(kid)),
  integer({ min: 1, max: 40 }).map((minutes) => wait(minutes)),
  constantFrom(3, 60, 65).map((minutes) => wait(minutes)),
  integer({ min: 0, max: 0 }).map(() => flood()),
  constantFrom(['a'], ['b'], ['a', 'b'], ['b', 'c'], ['d'], ['a', 'c', 'd']).map((published) =>
    change(`publish(${published.join()})`, (model) => (model.published = published)),
  ),
  constantFrom(...Object.keys(outages)).map((mode) =>
    change(`down(${mode})`, (model) => (model.down = outages[mode])),
  ),
  integer({ min: 0, max: 0 }).map(() => change('up', (model) => (model.down = undefined))),
]

export function createModel(): Model {
  return { published: ['a'], down: undefined, fetches: [], origin: signer.clock.monotonic() }
}
