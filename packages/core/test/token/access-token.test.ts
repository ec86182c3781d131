import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createVerifier, type TokenView } from '../../src/index.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const now = issuer.clock.now() / 1000
const raw = issuer.token({
  aud: [aud, 'stock'],
  sub: 'user-42',
  scope: 'orders:read',
  clientId: 'web-shop',
  actors: ['user-service', 'gateway'],
  mayAct: 'order-service',
  claims: { tenant: 'acme', roles: { of: ['admin'] }, jti: 'id-1' },
})
const token = await createVerifier<{ tenant: string }>(optionsFor(issuer)).verify(raw)

describe('an access token', () => {
  test('has the values of its claims', () => {
    expect(token).toMatchObject({
      subject: 'user-42',
      issuer: issuer.url,
      audience: [aud, 'stock'],
      scopes: ['orders:read'],
      clientId: 'web-shop',
      mayAct: { sub: 'order-service' },
      issuedAt: new Date(now * 1000),
      expiresAt: new Date((now + 300) * 1000),
    })
    expect(token.claims).toMatchObject({ tenant: 'acme', jti: 'id-1', iss: issuer.url })
  })

  test('has claims of the type that createVerifier was given', () => {
    const tenant: string = token.claims.tenant
    expect(tenant).toBe('acme')
  })

  test.each([
    ['reads its client ID from client_id', { client_id: 'a', azp: 'b', cid: 'c', appid: 'd' }, 'a'],
    [
      'reads its client ID from azp if client_id is absent',
      { client_id: undefined, azp: 'b', cid: 'c', appid: 'd' },
      'b',
    ],
    [
      'reads its client ID from cid if azp is absent too',
      { client_id: undefined, cid: 'c', appid: 'd' },
      'c',
    ],
    [
      'reads its client ID from appid if cid is absent too',
      { client_id: undefined, appid: 'd' },
      'd',
    ],
    ['has no client ID if all four claims are absent', { client_id: undefined }, undefined],
  ])('%s', async (_what, claims, client) => {
    const verifier = createVerifier(optionsFor(issuer))
    expect((await verifier.verify(issuer.token({ aud, claims }))).clientId).toBe(client)
  })
})

describe('an access token is immutable', () => {
  const { audience, scopes, claims, actor, priorActors, mayAct } = token
  test.each(Object.entries({ token, audience, scopes, claims, actor, priorActors, mayAct }))(
    '%s is frozen',
    (_name, part) => {
      expect(Object.isFrozen(part)).toBe(true)
    },
  )

  test('an array inside a claim is frozen', () => {
    const roles = token.claims['roles'] as { of: string[] }
    expect(() => roles.of.push('root')).toThrow(TypeError)
  })

  test('changing a returned date does not change the token', () => {
    token.expiresAt.setFullYear(3000)
    expect(token.expiresAt.getTime()).toBe((now + 300) * 1000)
  })
})

describe('the raw text of a token', () => {
  const parts = raw.split('.')
  const outputs = {
    'JSON.stringify': JSON.stringify(token),
    'util.inspect': inspect(token, { depth: 9, showHidden: true, getters: false }),
    'string conversion': ''.concat(token as never),
    'an object spread': JSON.stringify({ ...token }),
    'Object.entries': JSON.stringify(Object.entries(token)),
    'an error with the token as its cause': inspect(new Error('x', { cause: token })),
    structuredClone: inspect(structuredClone({ ...token, claims: { ...token.claims } }), {
      depth: 9,
    }),
  }

  test('is available as raw', () => {
    expect(token.raw).toBe(raw)
  })

  test.each(Object.entries(outputs))('does not appear in %s', (_what, text) => {
    expect(parts.filter((part) => text.includes(part))).toEqual([])
  })

  test('is not an enumerable property', () => {
    expect(Object.keys(token)).not.toContain('raw')
    const names: string[] = []
    for (const name in token) names.push(name)
    expect(names).not.toContain('raw')
  })
})

describe('the view that a policy function receives', () => {
  async function receivedView(): Promise<TokenView | undefined> {
    const { guards, pass } = createGateHarness(optionsFor(issuer))
    const views: TokenView[] = []
    const guard = guards.requirePolicy((view) => views.push(view) > 0)
    await pass({}, guard, bearer(raw))
    return views.at(0)
  }

  test('has the values of the token', async () => {
    const view = await receivedView()
    expect(view).toMatchObject({ subject: 'user-42', actor: { subject: 'user-service' } })
    expect(view?.hasScope('orders:read')).toBe(true)
    expect(view?.expiresAt).toEqual(token.expiresAt)
    expect(Object.isFrozen(view)).toBe(true)
  })

  test('does not lead to the prior actors or the raw text', async () => {
    const view = await receivedView()
    expect(view).not.toHaveProperty('priorActors')
    expect(view).not.toHaveProperty('raw')
    expect(inspect(view, { depth: 9, showHidden: true, getters: true })).not.toContain('gateway')
  })
})
