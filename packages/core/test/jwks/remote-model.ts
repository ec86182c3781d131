import { createSigningKey, createTestIssuer, type TestClock } from '@resource-server/testing'
import { type AsyncCommand, constantFrom, integer } from 'fast-check'
import { expect } from 'vitest'
import { createVerifier, type Verifier } from '../../src/index.ts'
import { aud } from '../support.ts'

// The key source against a model that knows what the issuer answered and when, and nothing else: any
// order of rotations, outages, waits and tokens.

const issuer = 'https://as.example.com'
const pen = await createTestIssuer()
await pen.close()
const keys = ['a', 'b', 'c', 'd'].map((kid) => createSigningKey('ES256', kid))
const kids = keys.map(({ kid }) => kid)

interface Fetched {
  readonly at: number
  readonly served: readonly string[] | undefined
}

/** What the issuer does, and what it was asked. */
export interface Model {
  published: readonly string[]
  down: (() => Response) | undefined
  readonly fetches: Fetched[]
  /** The time of the clock at which it began. */
  readonly origin: number
}

export interface Real {
  readonly clock: TestClock
  readonly verifier: Verifier
  readonly settle: () => Promise<void>
}

export function start(model: Model): Real {
  const { clock } = pen
  const fetch = async (): Promise<Response> => {
    const at = clock.monotonic() - model.origin
    const answer = model.down?.() ?? Response.json({ keys: shown(model.published) })
    model.fetches.push({ at, served: model.down ? undefined : model.published })
    return answer
  }
  const jwksUri = `${issuer}/jwks`
  const verifier = createVerifier({ issuer, jwksUri, audience: aud, clock, fetch })
  const settle = async (): Promise<void> => {
    do {
      await new Promise((resolve) => setImmediate(resolve))
    } while (verifier.health().issuers[0]?.inFlight)
  }
  return { clock, verifier, settle }
}

const shown = (published: readonly string[]) =>
  keys.filter(({ kid }) => published.includes(kid)).map(({ publicJwk }) => publicJwk)

const hour = 3_600_000
const freshness = 300_000

/** What the last good answer allows, as of so many fetches. */
function expected(fetches: readonly Fetched[], kid: string, now: number): string {
  const good = fetches.findLast(({ served }) => served !== undefined)
  if (!good || now - good.at >= freshness + hour) return 'keys_unavailable'
  if (good.served!.includes(kid)) return 'granted'
  return fetches.at(-1)!.served ? 'key_not_found' : 'keys_unavailable'
}

type Command = AsyncCommand<Model, Real>

const command = (name: string, run: Command['run']): Command => ({
  check: () => true,
  toString: () => name,
  run,
})

const ask = (kid: string): Command =>
  command(`ask(${kid})`, async (model, { clock, verifier, settle }) => {
    const key = keys.find((one) => one.kid === kid)!
    const seconds = Math.floor(clock.now() / 1000)
    const payload = { iss: issuer, sub: 'u', aud, iat: seconds, exp: seconds + 60 }
    const header = { typ: 'at+jwt', alg: 'ES256', kid }
    const now = clock.monotonic() - model.origin
    const before = [...model.fetches]
    const verdict = await verifier.check(pen.sign({ header, payload, key }))
    await settle()
    const outcome = verdict.ok ? 'granted' : verdict.code
    // A refresh beside the request may have ended before or after it was judged.
    const allowed = [before, model.fetches].map((fetches) => expected(fetches, kid, now))
    expect(allowed, `${kid} of ${model.published.join()}`).toContain(outcome)
    // An issuer that can be asked is asked for a key that it has, if it was not asked just now.
    const lately = before.some(({ at }) => now - at < 30_000)
    if (!lately && !model.down && model.published.includes(kid)) expect(outcome).toBe('granted')
  })

const wait = (minutes: number): Command =>
  command(`wait(${minutes} min)`, async (model, { clock, settle, verifier }) => {
    for (let step = 0; step < minutes * 6; step += 1) {
      clock.advance(10)
      await settle()
    }
    const began = model.fetches.length > 0
    if (!began || model.down || minutes < 6) return
    expect(model.fetches.at(-1)!.served, 'refreshed without any request').toEqual(model.published)
    expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh' })
  })

const change = (name: string, apply: (model: Model) => void): Command =>
  command(name, async (model) => apply(model))

/** Names that nobody has. Their signature is never looked at. */
const flood = (): Command =>
  command('flood', async (model, { clock, verifier, settle }) => {
    const payload = { iss: issuer, sub: 'u', aud }
    for (let second = 0; second < 20; second += 1) {
      const header = { typ: 'at+jwt', alg: 'ES256', kid: `invented-${clock.monotonic()}` }
      const verdict = await verifier.check(pen.sign({ header, payload }))
      const now = clock.monotonic() - model.origin
      expect(verdict.ok || verdict.code).toBe(expected(model.fetches, header.kid, now))
      await settle()
      clock.advance(1)
      await settle()
    }
  })

const outages: Readonly<Record<string, () => Response>> = {
  error: () => new Response('', { status: 500 }),
  garbage: () => new Response('<h1>Back soon</h1>'),
  'cut off': () => new Response('{"keys":[{"kty":'),
}

export const anyCommand = [
  constantFrom(...kids).map((kid) => ask(kid)),
  constantFrom(...kids).map((kid) => ask(kid)),
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
  return { published: ['a'], down: undefined, fetches: [], origin: pen.clock.monotonic() }
}
