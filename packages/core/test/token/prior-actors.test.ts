import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { startActing } from './acting.ts'
import { bearer, openDesk, statusOf } from '../support.ts'

const { issuer, options, sign } = await startActing()

// RFC 8693 section 4.1: prior actors "are not to be considered in access control decisions".
describe('prior actors change no outcome', () => {
  const name = fc.constantFrom('user-service', 'order-service', 'root', 'user-42', 'ü"\\\n')
  const party = fc.record(
    {
      sub: name,
      iss: fc.constantFrom(issuer.url, 'https://other.example'),
      client_id: name,
      role: name,
    },
    { requiredKeys: ['sub'] },
  )
  const history = fc.array(party, { maxLength: 7 })
  const nest = (parties: readonly object[]): object | undefined =>
    parties.reduceRight<object | undefined>(
      (act, one) => ({ ...one, ...(act && { act }) }),
      undefined,
    )

  const seen: string[] = []
  const desk = openDesk({
    ...options,
    profile: { ...defaultProfile, actorNames: ['client_id', 'sub'] },
  })
  const { guards } = desk
  const all: readonly Guard[] = [
    guards.requireAuthentication(),
    guards.requireDirect(),
    guards.requireDelegated(),
    guards.requireActor('user-service'),
    guards.requireActor({ iss: issuer.url, sub: 'order-service' }),
    guards.requireActor((actor) => JSON.stringify(actor).includes('root')),
    guards.requireClient('user-service'),
    guards.requireClaim('role', 'root'),
    guards.requirePolicy((view) => {
      // All that a policy can get hold of, and through prototypes as well.
      const own = Reflect.ownKeys(view).map((key) => [String(key), Reflect.get(view, key)])
      seen.push(JSON.stringify([own, view, view.claims, view.actor?.claims]))
      return JSON.stringify(view).includes('root')
    }),
  ]

  const outcomes = async (act: object | undefined) => {
    const token = sign({ client_id: 'web-shop', jti: 'fixed', ...(act && { act }) })
    const results = []
    for (const guard of all) results.push(statusOf(await desk.pass({}, guard, bearer(token))))
    return { results, seen: seen.splice(0) }
  }

  test('of any guard or policy', async () => {
    await fc.assert(
      fc.asyncProperty(party, history, history, async (actor, one, other) => {
        const [first, second] = [
          await outcomes(nest([actor, ...one])),
          await outcomes(nest([actor, ...other])),
        ]
        expect(first).toEqual(second)
        expect(first.results).toHaveLength(all.length)
        expect(first.seen).toHaveLength(1)
      }),
      { numRuns: 100 },
    )
  })

  test('though the current one does', async () => {
    const { results } = await outcomes({ sub: 'x', client_id: 'user-service' })
    expect(results).toEqual(['proceed', 403, 'proceed', 'proceed', 403, 403, 'proceed', 403, 403])
  })
})
