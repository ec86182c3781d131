import type { DecisionRecord } from '@resource-server/core'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { hosts } from '../hosts/index.ts'

// A claim or a header parameter of an unexpected type is never converted to a string. Converting an object
// such as {"toString": 1} throws, and an exception would turn the 401 of a bad token into a 503: any caller
// could make the service look unavailable.

const audience = 'order-service'

const values: Readonly<Record<string, unknown>> = {
  'an object with toString': { toString: 1 },
  'an object with toString and valueOf': { toString: 1, valueOf: 1 },
  'a list of such objects': [{ toString: 1 }],
  'a list of such lists': [[{ toString: 1 }]],
  'an object with toJSON': { toJSON: 1 },
  'an object with list methods': { join: 1, some: 1, includes: 1, length: -1 },
  'an object with text methods': { startsWith: 1, toLowerCase: 1, split: 1, length: 1 },
  'an object with then': { then: 1 },
  null: null,
  'a number': 1e308,
}

const claims = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'typ',
  'token_use',
  'client_id',
  'azp',
  'cid',
  'appid',
  'scope',
  'scp',
  'cnf',
  'act',
  'may_act',
  'events',
  'nonce',
  'at_hash',
  'tid',
  'ver',
  'acr',
  'auth_time',
  'roles',
  'type',
  'tenant',
  'toString',
  '__proto__',
  'federated_claims',
]
const parameters = ['alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5c']

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const issuer = await createTestIssuer({ algorithm: 'ES256', path: '/realms/x' })
const header = { alg: 'ES256', typ: 'at+jwt', kid: issuer.key.kid }

/** A token as any caller can send it. */
const unsigned = (change: { header?: object; claims?: object }, iss: string): string => {
  const payload = { iss, sub: 'u', aud: audience, iat: 0, exp: 2e9 }
  return `${encode({ ...header, ...change.header })}.${encode({ ...payload, ...change.claims })}.AAAA`
}

const records: DecisionRecord[] = []

const running = await Promise.all(
  hosts.map(async (host) => {
    const server = await host.start({
      options: {
        issuer: issuer.url,
        clock: issuer.clock,
        audience,
        onDecision: (record) => void records.push(record),
      },
      routes: [
        {
          method: 'GET',
          path: '/',
          guards: (api) => [
            api.requireAuthentication(),
            api.requireScope('orders:read'),
            api.requireClient('web'),
            api.requireClaim('tenant', 'acme'),
            api.requireStepUp({ acr: ['gold'], maxAge: 60 }),
            api.requireActor('gateway'),
          ],
          respond: () => 'passed',
        },
      ],
    })
    const statusOf = async (token: string): Promise<number> => {
      const authorization = `Bearer ${token}`
      const response = await fetch(`http://127.0.0.1:${server.port}/`, {
        headers: { authorization },
      })
      await response.text()
      return response.status
    }
    return { name: host.name, statusOf, close: () => server.close() }
  }),
)
afterAll(async () => {
  await Promise.all(running.map(({ close }) => close()))
  await issuer.close()
})

/** A token that the issuer signed, with claims that the verifier reads only after that. */
const signed = (of: TestIssuer, name: string, value: unknown): string =>
  of.token({
    aud: audience,
    scope: ['orders:read'],
    claims: { client_id: 'web', tenant: 'acme', acr: 'gold', auth_time: 0, [name]: value },
  })

describe.each(running)('$name', ({ statusOf }) => {
  test.each(Object.keys(values))('responds 401 to unsigned tokens with %s', async (what) => {
    const value = values[what]
    const changes = [
      ...claims.map((name) => ({ claims: Object.fromEntries([[name, value]]) })),
      ...parameters.map((name) => ({ header: { [name]: value } })),
      { claims: Object.fromEntries(claims.map((name) => [name, value])) },
    ]
    const tokens = changes.flatMap((change) => [
      unsigned(change, issuer.url),
      unsigned(change, 'https://other.example/realms/x'),
    ])
    const statuses = await Promise.all(tokens.map(statusOf))
    expect([...new Set(statuses)]).toEqual([401])
  })

  test.each(Object.keys(values))('responds 401 or 403 to signed tokens with %s', async (what) => {
    const statuses = await Promise.all(
      claims.map((name) => statusOf(signed(issuer, name, values[what]))),
    )
    expect([...new Set(statuses)].filter((status) => status !== 401 && status !== 403)).toEqual([])
  })
})

test('no exception occurred behind these responses', () => {
  expect(records.length).toBeGreaterThan(1000)
  expect(records.filter(({ outcome }) => outcome !== 'refused')).toEqual([])
})
