import { type AccessToken, type ExpiringStore } from '@resource-server/core'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { createVerifier } from '@resource-server/core'
import { nextHop, type NextHop } from '../src/index.ts'
import { secret, self } from './support.ts'

// Two users, tenants, scopes, targets, or clients never get the same token, in any interleaving. All hops share one
// store, as instances and services of a careless operator would.

const audiences = ['inventory-service', 'bill-service'] as const
const scopes = ['read', 'write', 'read write'] as const
const clientIds = [self, 'order-batch'] as const
const targets = Object.fromEntries(audiences.map((name) => [name, ['read', 'write']]))
const clients = Object.fromEntries(clientIds.map((id) => [id, { secret, targets }]))
const tenants = [await createTestIssuer({ clients }), await createTestIssuer({ clients })] as const
afterAll(() => Promise.all(tenants.map((issuer) => issuer.close())))

const verifiers = tenants.map(({ url, clock }) =>
  createVerifier({ issuer: url, audience: [...clientIds], clock }),
)

const entries = new Map<string, string>()
const store: ExpiringStore = {
  get: async (key) => entries.get(key),
  set: async (key, value) => entries.set(key, value),
  delete: async (key) => entries.delete(key),
}

interface Call {
  readonly tenant: number
  readonly user: string
  /** Which of the user's tokens: they differ in `acr` only. */
  readonly session: number
  readonly audience: (typeof audiences)[number]
  readonly scope: (typeof scopes)[number]
  readonly client: (typeof clientIds)[number]
  readonly bound: boolean
  readonly action: 'call' | 'forget'
}

const call: fc.Arbitrary<Call> = fc.record({
  tenant: fc.nat({ max: 1 }),
  user: fc.constantFrom('user-1', 'user-2'),
  session: fc.nat({ max: 1 }),
  audience: fc.constantFrom(...audiences),
  scope: fc.constantFrom(...scopes),
  client: fc.constantFrom(...clientIds),
  bound: fc.boolean(),
  action: fc.oneof(
    { weight: 6, arbitrary: fc.constant('call' as const) },
    { weight: 1, arbitrary: fc.constant('forget' as const) },
  ),
})

const subjects = new Map<string, Promise<AccessToken>>()
const subjectOf = ({ tenant, user, session }: Call): Promise<AccessToken> => {
  const key = `${tenant} ${user} ${session}`
  const issuer: TestIssuer = tenants.at(tenant)!
  const claims = { acr: String(session), jti: 'the-same-in-all' }
  const raw = issuer.token({ aud: clientIds, sub: user, expiresIn: 3600, claims })
  const found = subjects.get(key) ?? verifiers.at(tenant)!.verify(raw)
  subjects.set(key, found)
  return found
}

function hopsOf(): (call: Call) => NextHop {
  const hops = new Map<string, NextHop>()
  return ({ tenant, audience, scope, client, bound }) => {
    const key = JSON.stringify([tenant, audience, scope, client, bound])
    const { url, clock } = tenants.at(tenant)!
    const hop =
      hops.get(key) ??
      nextHop({
        ...{ issuer: url, client: { id: client, secret }, audience, scope, clock, dpop: bound },
        store: { store, secret: 'x'.repeat(32) },
      })
    hops.set(key, hop)
    return hop
  }
}

const decode = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.').at(1) ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >

test('no call gets a token of another user, session, tenant, target, scope, client, or key', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { minLength: 2, maxLength: 24 }),
      fc.scheduler(),
      async (calls, scheduler) => {
        const hopOf = hopsOf()
        const owners = new Map<string, string>()
        const run = async (each: Call): Promise<void> => {
          const hop = hopOf(each)
          const subject = await subjectOf(each)
          if (each.action === 'forget') return hop.forget(subject)
          const { value, tokenType } = await hop.token(subject)
          const { action: _, ...owner } = each
          const known = owners.get(value) ?? JSON.stringify(owner)
          owners.set(value, known)
          expect(known).toBe(JSON.stringify(owner))
          expect(tokenType).toBe(each.bound ? 'DPoP' : 'Bearer')
          expect(decode(value)).toMatchObject({
            ...{ iss: tenants.at(each.tenant)!.url, sub: each.user, aud: each.audience },
            ...{ scope: each.scope, client_id: each.client },
          })
        }
        const scheduled = calls.map((each) => scheduler.schedule(Promise.resolve(each)).then(run))
        await scheduler.waitAll()
        await Promise.all(scheduled)
      },
    ),
    { numRuns: 40 },
  )
  expect(entries.size).toBeGreaterThan(10)
}, 120_000)
