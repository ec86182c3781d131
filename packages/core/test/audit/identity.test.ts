import { createHash } from 'node:crypto'
import { createTestClock, type TokenOptions } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { openPipeline } from '../verify/open-pipeline.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer({ clock: createTestClock(new Date('2026-01-01T00:00:00Z')) })
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
const jkt = sha256('a key of the client')
const key = { kid: issuer.key.kid, alg: 'ES256' }

async function identityOf(token: string, options: VerifierOptions = {}) {
  const verifierOptions = { ...optionsFor(issuer), cache: false, ...options }
  return (await openPipeline(createPolicy(verifierOptions, 'verifier')).verify(token)).identity
}
const tokenOf = (claims: object, more: Partial<TokenOptions> = {}): string =>
  issuer.token({ aud, claims: { jti: 'j', ...claims }, ...more })

describe('the record of an access token', () => {
  const expected = {
    issuer: issuer.url,
    subject: 'user-42',
    clientId: 'shop',
    audience: [aud],
    scopes: ['a', 'b'],
    ...key,
    jti: 'j',
  }
  const standardClaims = { client_id: 'shop', scope: 'a b' }
  const a = { issuer: issuer.url, subject: 'a' }

  test('has issuer, subject, client, audience, scopes, key and jti', async () => {
    expect(await identityOf(tokenOf(standardClaims))).toStrictEqual(expected)
  })

  test('has the hash of a token without jti, and no clientId if the token has none', async () => {
    const token = tokenOf({ scope: 'a', jti: undefined, client_id: undefined })
    expect(await identityOf(token)).toStrictEqual({
      issuer: issuer.url,
      subject: 'user-42',
      audience: [aud],
      scopes: ['a'],
      ...key,
      tokenSha256: sha256(token),
    })
  })

  test('has the current actor and the chain', async () => {
    const act = { sub: 'a', act: { sub: 'b', iss: 'https://b.example.com', client_id: 'c' } }
    const b = { issuer: 'https://b.example.com', subject: 'b', clientId: 'c' }
    expect(await identityOf(tokenOf({ ...standardClaims, act }))).toStrictEqual({
      ...expected,
      actor: a,
      chain: { actors: [a, b], depth: 2, truncated: false },
    })
  })

  test.each<readonly [claims: object, differ: boolean]>([
    [{ scope: 'a b', scp: ['b', 'a'] }, false],
    [{ scope: 'a b', scp: 'b a  b' }, false],
    [{ scope: 'a b', scp: ['a'] }, true],
    [{ scope: 'a b', scp: ['ab'] }, true],
    [{ scope: 'a', scp: [] }, true],
    [{ scope: '', scp: [] }, false],
    [{ scope: 'a' }, false],
    [{ scp: 'a', scope: undefined }, false],
    [{ scope: 'a', permissions: ['b'] }, true],
    [{ scope: 'a', permissions: ['a'] }, false],
    [{ scope: 'a', roles: ['b'] }, false],
  ])('for the scope claims %j has scopes_differ: %j', async (claims, differ) => {
    const profile = { ...defaultProfile, scopeClaims: ['scope', 'permissions'] }
    const identity = await identityOf(tokenOf(claims), { profile })
    expect(identity.anomalies).toEqual(differ ? ['scopes_differ'] : undefined)
    const refused = tokenOf({ ...claims, aud: 'stock' })
    expect((await identityOf(refused, { profile })).anomalies).toEqual(identity.anomalies)
  })

  test.each([{ scope: 'a' }, { scp: 'a', scope: undefined }])(
    'has scopes_differ if %j is not what the scope claims of the profile say',
    async (claims) => {
      const profile = { ...defaultProfile, scopeClaims: ['permissions'] }
      const token = tokenOf({ ...claims, permissions: ['b'] })
      expect((await identityOf(token, { profile })).anomalies).toEqual(['scopes_differ'])
    },
  )

  test.each<readonly [act: object, anomalies: readonly string[]]>([
    [{ sub: 'a', act: { sub: 'b' } }, []],
    [{ sub: 'a', act: { sub: 'a' } }, ['actor_repeated']],
    [{ sub: 'a', act: { sub: 'a', iss: 'https://b.example.com' } }, []],
    [{ sub: 'user-42' }, ['actor_is_subject']],
    [{ sub: 'user-42', iss: 'https://b.example.com' }, []],
    [{ sub: 'a', act: { sub: 'user-42' } }, []],
    [{ sub: 'a', act: { sub: 'b', exp: null } }, ['actor_claims_ignored']],
    [{ sub: 'a', act: { sub: 'b', nbf: null } }, ['actor_claims_ignored']],
    [{ sub: 'a', act: { sub: 'b', aud: null } }, ['actor_claims_ignored']],
    [{ sub: 'a', act: { sub: 'b', cnf: null } }, ['actor_claims_ignored']],
    [
      { sub: 'user-42', exp: 1, act: { sub: 'user-42' } },
      ['actor_repeated', 'actor_is_subject', 'actor_claims_ignored'],
    ],
  ])('for act %j has the anomalies %j', async (act, anomalies) => {
    const identity = await identityOf(tokenOf({ act }))
    expect(identity.anomalies ?? []).toEqual(anomalies)
    expect('anomalies' in identity).toBe(anomalies.length > 0)
  })

  test.each<readonly [claims: object, anomalies: readonly string[] | undefined]>([
    [{ cnf: { jkt } }, undefined],
    [{ cnf: { jkt, kid: 'k' } }, ['confirmation_ignored']],
    [{ cnf: { jkt, kid: 'k' }, scope: 'a', scp: 'b' }, ['scopes_differ', 'confirmation_ignored']],
  ])('for the claims %j has the anomalies %j and the binding', async (claims, anomalies) => {
    const identity = await identityOf(tokenOf(claims))
    expect(identity.anomalies).toEqual(anomalies)
    expect(identity).toHaveProperty('binding', { scheme: 'Bearer', jkt })
  })

  test('has the claims that records.claims lists, if the token has them', async () => {
    const token = tokenOf({ ...standardClaims, tenant: 'acme', email: null, other: 1 })
    const claims = (...names: string[]) => ({ records: { claims: names } })
    expect(await identityOf(token, claims('tenant', 'absent', 'email', 'toString'))).toStrictEqual({
      ...expected,
      claims: { tenant: 'acme', email: null },
    })
    expect(await identityOf(token, claims('absent'))).toStrictEqual(expected)
  })
})

describe('the record of a refused token with a valid signature', () => {
  const refused = (claims: object) => tokenOf({ aud: 'other', ...claims })

  test('has the claims that the issuer signed', async () => {
    const token = refused({ scope: 'a b', client_id: 'shop', tenant: 'acme', act: { sub: 'a' } })
    const a = { issuer: issuer.url, subject: 'a' }
    expect(await identityOf(token, { records: { claims: ['tenant'] } })).toStrictEqual({
      issuer: issuer.url,
      subject: 'user-42',
      clientId: 'shop',
      audience: ['other'],
      scopes: ['a', 'b'],
      ...key,
      jti: 'j',
      actor: a,
      chain: { actors: [a], depth: 1, truncated: false },
      claims: { tenant: 'acme' },
    })
  })

  type Member = 'subject' | 'audience' | 'scopes' | 'clientId' | 'jti'

  test.each<readonly [member: Member, value: unknown, claims: object]>([
    ['audience', ['a', 'b'], { aud: ['a', 1, '', 'b'] }],
    ['scopes', ['a'], { scope: undefined, scp: ['a'] }],
    ['clientId', 'web', { client_id: undefined, azp: 'web', cid: 'x' }],
  ])('has the %s %j for the claims %o', async (member, value, claims) => {
    expect(await identityOf(refused(claims))).toHaveProperty(member, value)
  })

  test.each<readonly [member: Member, claims: object]>([
    ['subject', { sub: 1 }],
    ['subject', { sub: '' }],
    ['audience', { aud: 1 }],
    ['audience', { aud: undefined }],
    ['audience', { aud: { 0: 'a' } }],
    ['scopes', { scope: 1, scp: 'a' }],
    ['scopes', {}],
    ['clientId', { client_id: null, azp: 'web' }],
    ['clientId', { client_id: undefined }],
    ['jti', { jti: 1 }],
  ])('has no %s for the claims %o', async (member, claims) => {
    const identity = await identityOf(refused(claims))
    expect(identity).toHaveProperty('issuer', issuer.url)
    expect(member in identity).toBe(false)
  })

  test('has the client as its subject only if the profile says so and there is no sub', async () => {
    const profile = { ...defaultProfile, clientIdAsSubject: true }
    const subjectOf = async (claims: object, options: VerifierOptions = {}) =>
      (await identityOf(refused({ client_id: 'shop', ...claims }), options)).subject
    expect(await subjectOf({ sub: undefined }, { profile })).toBe('shop')
    expect(await subjectOf({ sub: undefined })).toBe(undefined)
    expect(await subjectOf({ sub: 'user-42' }, { profile })).toBe('user-42')
    expect(await subjectOf({ sub: 1 }, { profile })).toBe(undefined)
  })

  test('has the hash of a token whose jti is empty', async () => {
    const token = refused({ jti: '' })
    expect(await identityOf(token)).toMatchObject({ tokenSha256: sha256(token) })
    expect(await identityOf(refused({}))).not.toHaveProperty('tokenSha256')
  })

  test('has the anomalies of its actors', async () => {
    const found = await identityOf(refused({ act: { sub: 'user-42' } }))
    expect(found.anomalies).toEqual(['actor_is_subject'])
  })

  test('has the audience from the audienceClaims of the profile', async () => {
    const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
    const token = refused({ resource: 'r' })
    expect(await identityOf(token, { profile })).toMatchObject({ audience: ['r'] })
  })

  test('has the actors before the first problem', async () => {
    const act = { sub: 'a', act: { sub: 'b', act: { sub: 'c' } } }
    const found = await identityOf(refused({ act }), { maxActorDepth: 2 })
    expect(found.chain).toMatchObject({ actors: [{}, {}], depth: 3, truncated: true })
    const malformed = await identityOf(refused({ act: 'x' }))
    expect(malformed).toMatchObject({ chain: { actors: [], depth: 1, truncated: true } })
    expect(malformed).not.toHaveProperty('actor')
  })
})

describe('the record of a token with an invalid signature', () => {
  const forged = (header: object, claims: object = {}): string => {
    const token = issuer.token({ aud, header: { ...header }, claims: { ...claims } })
    return `${token.slice(0, -9)}AAAAAAAAA`
  }

  test('has the hash of the token, and its names under unverified', async () => {
    const token = forged({})
    expect(await identityOf(token)).toStrictEqual({
      tokenSha256: sha256(token),
      unverified: { issuer: issuer.url, ...key },
    })
    expect((await identityOf(forged({ kid: undefined }, { iss: 1 }))).unverified).toStrictEqual({
      alg: 'ES256',
    })
  })

  test.each([
    ['a', 'a'],
    ['', ''],
    [' ~', ' ~'],
    ['a\nb\u001f\u007f', 'a\\u000ab\\u001f\\u007f'],
    ['ä名', '\\u00e4\\u540d'],
    ['😀', '\\ud83d\\ude00'],
  ])('shows the kid %j as %j', async (kid, shown) => {
    expect((await identityOf(forged({ kid }))).unverified?.kid).toBe(shown)
  })

  test.each([
    ['of 128 characters in full', 'x'.repeat(128), 'x'.repeat(128)],
    ['of 129 characters without the last one', 'x'.repeat(129), 'x'.repeat(128)],
    ['without an escape that does not fit', `${'x'.repeat(125)}ä`, 'x'.repeat(125)],
    ['with an escape that fits', `${'x'.repeat(122)}ä`, `${'x'.repeat(122)}\\u00e4`],
  ])('shows a kid %s', async (_what, kid, shown) => {
    expect((await identityOf(forged({ kid }))).unverified?.kid).toBe(shown)
  })
})

test('the record of a credential that is not a token has no identity', async () => {
  expect(await identityOf('hunter2')).toStrictEqual({})
})
