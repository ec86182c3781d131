import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { createDelegationFixture } from './delegation-fixture.ts'
import { bearer, createGateHarness, statusOf } from '../support.ts'

const { issuer, options, sign } = await createDelegationFixture()

// RFC 8693 section 4.1: prior actors "are not to be considered in access control decisions".
describe('guards and policy functions', () => {
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
  const priorParties = fc.array(party, { maxLength: 7 })
  const nest = (parties: readonly object[]): object | undefined =>
    parties.reduceRight<object | undefined>(
      (act, one) => ({ ...one, ...(act && { act }) }),
      undefined,
    )

  const seenByPolicy: string[] = []
  const server = createGateHarness({
    ...options,
    profile: { ...defaultProfile, actorNames: ['client_id', 'sub'] },
  })
  const { guards } = server
  const allGuards: readonly Guard[] = [
    guards.requireAuthentication(),
    guards.requireDirect(),
    guards.requireDelegated(),
    guards.requireActor('user-service'),
    guards.requireActor({ iss: issuer.url, sub: 'order-service' }),
    guards.requireActor((actor) => JSON.stringify(actor).includes('root')),
    guards.requireClient('user-service'),
    guards.requireClaim('role', 'root'),
    guards.requirePolicy((view) => {
      // Everything that a policy function can reach, including non-enumerable properties.
      const own = Reflect.ownKeys(view).map((key) => [String(key), Reflect.get(view, key)])
      seenByPolicy.push(JSON.stringify([own, view, view.claims, view.actor?.claims]))
      return JSON.stringify(view).includes('root')
    }),
  ]

  const runAll = async (act: object | undefined) => {
    const token = sign({ client_id: 'web-shop', jti: 'fixed', ...(act && { act }) })
    const results = []
    for (const guard of allGuards)
      results.push(statusOf(await server.pass({}, guard, bearer(token))))
    return { results, seen: seenByPolicy.splice(0) }
  }

  test('have the same outcome for any prior actors', async () => {
    await fc.assert(
      fc.asyncProperty(party, priorParties, priorParties, async (actor, prior, otherPrior) => {
        const first = await runAll(nest([actor, ...prior]))
        const second = await runAll(nest([actor, ...otherPrior]))
        expect(first).toEqual(second)
        expect(first.results).toHaveLength(allGuards.length)
        expect(first.seen).toHaveLength(1)
      }),
      { numRuns: 100 },
    )
  })

  test('use the current actor', async () => {
    const { results } = await runAll({ sub: 'x', client_id: 'user-service' })
    expect(results).toEqual(['proceed', 403, 'proceed', 'proceed', 403, 403, 'proceed', 403, 403])
  })
})
