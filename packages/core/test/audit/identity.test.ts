import { createHash } from 'node:crypto'
import { createTestClock, type TokenOptions } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { openPipeline } from '../verify/open-pipeline.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// What may be recorded of a token, member by member.

const issuer = await startIssuer({ clock: createTestClock(new Date('2026-01-01T00:00:00Z')) })
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
const key = { kid: issuer.key.kid, alg: 'ES256' }

async function identityOf(token: string, options: VerifierOptions = {}) {
  const given = { ...optionsFor(issuer), cache: false, ...options }
  return (await openPipeline(createPolicy(given, 'verifier')).verify(token)).identity
}
const tokenOf = (claims: object, more: Partial<TokenOptions> = {}): string =>
  issuer.token({ aud, claims: { jti: 'j', ...claims }, ...more })

describe('of an access token', () => {
  const whole = {
    ...{ issuer: issuer.url, subject: 'user-42', clientId: 'shop' },
    ...{ audience: [aud], scopes: ['a', 'b'], ...key, jti: 'j' },
  }
  const good = { client_id: 'shop', scope: 'a b' }
  const a = { issuer: issuer.url, subject: 'a' }

  test('that names everything', async () => {
    expect(await identityOf(tokenOf(good))).toStrictEqual(whole)
  })

  test('that names no client and has no jti', async () => {
    const token = tokenOf({ scope: 'a', jti: undefined, client_id: undefined })
    expect(await identityOf(token)).toStrictEqual({
      ...{ issuer: issuer.url, subject: 'user-42', audience: [aud], scopes: ['a'], ...key },
      tokenSha256: sha256(token),
    })
  })

  test('with actors', async () => {
    const act = { sub: 'a', act: { sub: 'b', iss: 'https://b.example.com', client_id: 'c' } }
    const b = { issuer: 'https://b.example.com', subject: 'b', clientId: 'c' }
    expect(await identityOf(tokenOf({ ...good, act }))).toStrictEqual({
      ...{ ...whole, actor: a },
      chain: { actors: [a, b], depth: 2, truncated: false },
    })
  })

  test.each<readonly [act: object, anomalies: readonly string[] | undefined]>([
    [{ sub: 'a', act: { sub: 'b' } }, undefined],
    [{ sub: 'a', act: { sub: 'a' } }, ['actor_repeated']],
    [{ sub: 'a', act: { sub: 'a', iss: 'https://b.example.com' } }, undefined],
    [{ sub: 'user-42' }, ['actor_is_subject']],
    [{ sub: 'user-42', iss: 'https://b.example.com' }, undefined],
    [{ sub: 'a', act: { sub: 'user-42' } }, undefined],
    ...['exp', 'nbf', 'aud', 'cnf'].map(
      (name) => [{ sub: 'a', act: { sub: 'b', [name]: null } }, ['actor_claims_ignored']] as const,
    ),
    [
      { sub: 'user-42', exp: 1, act: { sub: 'user-42' } },
      ['actor_repeated', 'actor_is_subject', 'actor_claims_ignored'],
    ],
  ])('flags what is odd in %j: %j', async (act, anomalies) => {
    const identity = await identityOf(tokenOf({ act }))
    expect(identity.anomalies).toEqual(anomalies)
    expect('anomalies' in identity).toBe(anomalies !== undefined)
  })

  test('with the claims that were asked for', async () => {
    const token = tokenOf({ ...good, tenant: 'acme', email: null, other: 1 })
    const claims = (...names: string[]) => ({ records: { claims: names } })
    expect(await identityOf(token, claims('tenant', 'absent', 'email', 'toString'))).toStrictEqual({
      ...{ ...whole, claims: { tenant: 'acme', email: null } },
    })
    expect(await identityOf(token, claims('absent'))).toStrictEqual(whole)
  })
})

describe('of a token that its issuer signed, and that was refused', () => {
  const refused = (claims: object) => tokenOf({ aud: 'other', ...claims })

  test('the issuer’s words', async () => {
    const token = refused({ scope: 'a b', client_id: 'shop', tenant: 'acme', act: { sub: 'a' } })
    const a = { issuer: issuer.url, subject: 'a' }
    expect(await identityOf(token, { records: { claims: ['tenant'] } })).toStrictEqual({
      ...{ issuer: issuer.url, subject: 'user-42', clientId: 'shop' },
      ...{ audience: ['other'], scopes: ['a', 'b'], ...key, jti: 'j' },
      ...{ actor: a, chain: { actors: [a], depth: 1, truncated: false } },
      claims: { tenant: 'acme' },
    })
  })

  test.each<readonly [claims: object, member: string, value: unknown]>([
    [{ sub: 1 }, 'subject', undefined],
    [{ sub: '' }, 'subject', undefined],
    [{ aud: ['a', 1, '', 'b'] }, 'audience', ['a', 'b']],
    [{ aud: 1 }, 'audience', undefined],
    [{ aud: undefined }, 'audience', undefined],
    [{ aud: { 0: 'a' } }, 'audience', undefined],
    [{ scope: 1, scp: 'a' }, 'scopes', undefined],
    [{ scope: undefined, scp: ['a'] }, 'scopes', ['a']],
    [{}, 'scopes', undefined],
    [{ client_id: undefined, azp: 'web', cid: 'x' }, 'clientId', 'web'],
    [{ client_id: null, azp: 'web' }, 'clientId', undefined],
    [{ client_id: undefined }, 'clientId', undefined],
    [{ jti: 1 }, 'jti', undefined],
  ])('of %j: %s is %j', async (claims, member, value) => {
    const identity = await identityOf(refused(claims))
    expect(identity).toHaveProperty('issuer', issuer.url)
    expect(identity[member as keyof typeof identity]).toEqual(value)
    expect(member in identity).toBe(value !== undefined)
  })

  test('its hash, where it has no jti that is a word', async () => {
    const token = refused({ jti: '' })
    expect(await identityOf(token)).toMatchObject({ tokenSha256: sha256(token) })
    expect(await identityOf(refused({}))).not.toHaveProperty('tokenSha256')
  })

  test('what is odd about its actors', async () => {
    const found = await identityOf(refused({ act: { sub: 'user-42' } }))
    expect(found.anomalies).toEqual(['actor_is_subject'])
  })

  test('its audience from where the profile says', async () => {
    const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
    const token = refused({ resource: 'r' })
    expect(await identityOf(token, { profile })).toMatchObject({ audience: ['r'] })
  })

  test('as much of its chain as can be read', async () => {
    const act = { sub: 'a', act: { sub: 'b', act: { sub: 'c' } } }
    const found = await identityOf(refused({ act }), { maxActorDepth: 2 })
    expect(found.chain).toMatchObject({ actors: [{}, {}], depth: 3, truncated: true })
    const malformed = await identityOf(refused({ act: 'x' }))
    expect(malformed).toMatchObject({ chain: { actors: [], depth: 1, truncated: true } })
    expect(malformed).not.toHaveProperty('actor')
  })
})

describe('of a token that nobody vouches for', () => {
  const forged = (header: object, claims: object = {}): string => {
    const token = issuer.token({ aud, header: { ...header }, claims: { ...claims } })
    return `${token.slice(0, -9)}AAAAAAAAA`
  }

  test('which one it was, and its names', async () => {
    const token = forged({})
    expect(await identityOf(token)).toStrictEqual({
      ...{ tokenSha256: sha256(token), unverified: { issuer: issuer.url, ...key } },
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
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), 'x'.repeat(128)],
    [`${'x'.repeat(125)}ä`, `${'x'.repeat(125)}\\u0`],
  ])('%j is made harmless for logs: %j', async (kid, shown) => {
    expect((await identityOf(forged({ kid }))).unverified?.kid).toBe(shown)
  })
})

test('of what is no token: nothing', async () => {
  expect(await identityOf('hunter2')).toStrictEqual({})
})
