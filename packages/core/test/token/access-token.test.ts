import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createVerifier, type TokenView } from '../../src/index.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const now = issuer.clock.now() / 1000
const raw = issuer.token({
  ...{ aud: [aud, 'stock'], sub: 'user-42', scope: 'orders:read', clientId: 'web-shop' },
  ...{ actors: ['user-service', 'gateway'], mayAct: 'order-service' },
  claims: { tenant: 'acme', roles: { of: ['admin'] }, jti: 'id-1' },
})
const token = await createVerifier<{ tenant: string }>(optionsFor(issuer)).verify(raw)

test('says what the token says', () => {
  expect(token).toMatchObject({
    ...{ subject: 'user-42', issuer: issuer.url, audience: [aud, 'stock'] },
    ...{ scopes: ['orders:read'], clientId: 'web-shop', mayAct: { sub: 'order-service' } },
    ...{ issuedAt: new Date(now * 1000), expiresAt: new Date((now + 300) * 1000) },
  })
  expect(token.claims).toMatchObject({ tenant: 'acme', jti: 'id-1', iss: issuer.url })
  const tenant: string = token.claims.tenant
  expect(tenant).toBe('acme')
})

test.each([
  ['client_id', { client_id: 'a', azp: 'b', cid: 'c', appid: 'd' }, 'a'],
  ['azp', { client_id: undefined, azp: 'b', cid: 'c', appid: 'd' }, 'b'],
  ['cid', { client_id: undefined, cid: 'c', appid: 'd' }, 'c'],
  ['appid', { client_id: undefined, appid: 'd' }, 'd'],
  ['nowhere', { client_id: undefined }, undefined],
])('the client is read from %s', async (_name, claims, client) => {
  const verifier = createVerifier(optionsFor(issuer))
  expect((await verifier.verify(issuer.token({ aud, claims }))).clientId).toBe(client)
})

describe('nobody can change', () => {
  const { audience, scopes, claims, actor, priorActors, mayAct } = token
  test.each(Object.entries({ token, audience, scopes, claims, actor, priorActors, mayAct }))(
    '%s',
    (_name, part) => {
      expect(Object.isFrozen(part)).toBe(true)
    },
  )

  test('what lies within the claims', () => {
    const roles = token.claims['roles'] as { of: string[] }
    expect(() => roles.of.push('root')).toThrow(TypeError)
  })

  test('a date that was handed out', () => {
    token.expiresAt.setFullYear(3000)
    expect(token.expiresAt.getTime()).toBe((now + 300) * 1000)
  })
})

describe('the text of the token', () => {
  const parts = raw.split('.')
  const shown = {
    json: JSON.stringify(token),
    inspect: inspect(token, { depth: 9, showHidden: true, getters: false }),
    string: ''.concat(token as never),
    spread: JSON.stringify({ ...token }),
    entries: JSON.stringify(Object.entries(token)),
    error: inspect(new Error('x', { cause: token })),
    clone: inspect(structuredClone({ ...token, claims: { ...token.claims } }), { depth: 9 }),
  }

  test('is there for an exchange', () => {
    expect(token.raw).toBe(raw)
  })

  test.each(Object.entries(shown))('does not show in %s', (_way, text) => {
    expect(parts.filter((part) => text.includes(part))).toEqual([])
  })

  test('is no enumerable property', () => {
    expect(Object.keys(token)).not.toContain('raw')
    const names: string[] = []
    for (const name in token) names.push(name)
    expect(names).not.toContain('raw')
  })
})

describe('what a policy function sees', () => {
  async function seen(): Promise<TokenView | undefined> {
    const { guards, pass } = openDesk(optionsFor(issuer))
    const views: TokenView[] = []
    await pass(
      {},
      guards.requirePolicy((view) => views.push(view) > 0),
      bearer(raw),
    )
    return views.at(0)
  }

  test('is the token', async () => {
    const view = await seen()
    expect(view).toMatchObject({ subject: 'user-42', actor: { subject: 'user-service' } })
    expect(view?.hasScope('orders:read')).toBe(true)
    expect(view?.expiresAt).toEqual(token.expiresAt)
    expect(Object.isFrozen(view)).toBe(true)
  })

  test('without who acted before and without its text, on no path', async () => {
    const view = await seen()
    expect(view).not.toHaveProperty('priorActors')
    expect(view).not.toHaveProperty('raw')
    expect(inspect(view, { depth: 9, showHidden: true, getters: true })).not.toContain('gateway')
  })
})
