import { expect } from 'vitest'
import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { type Fixture } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** Tokens with these values of `iss`. */
const withIss =
  (...values: readonly ((issuer: string) => unknown)[]): CaseBuilder =>
  (fixture) =>
    values.map((value) => {
      const iss = value(fixture.issuer.url)
      return {
        name: JSON.stringify(iss),
        token: fixture.token({ claims: { iss } }),
        check: () => expect(fixture.issuer.requests, 'no request is sent').toEqual([]),
      }
    })

/** Another issuer, whose key has the same kid as the trusted issuer's. */
async function issuerWithSameKid(fixture: Fixture): ReturnType<Fixture['anotherIssuer']> {
  const other = await fixture.anotherIssuer()
  other.publish([{ ...keys.attacker().jwk, kid: 'ES256-key' }])
  return other
}

const guid = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-000000000000`

export const issuerCases: Group = {
  'ISS-missing': withIss(() => undefined),
  'ISS-array': withIss((issuer) => [issuer]),
  'ISS-array-evil': withIss((issuer) => ['https://evil', issuer]),
  'ISS-null': withIss(() => null),
  'ISS-num': withIss(() => 1),
  'ISS-suffix': withIss(
    (issuer) => `${issuer}.evil`,
    (issuer) => `https://evil/${issuer}`,
    (issuer) => `${issuer}@evil`,
  ),
  'ISS-partial': withIss(
    () => 'http',
    (issuer) => issuer.slice(0, -1),
    (issuer) => issuer.slice(7),
    () => '',
  ),
  'ISS-slash': withIss((issuer) => `${issuer}/`),
  'ISS-norm': withIss(
    (issuer) => issuer.replace('127.0.0.1', '127.1'),
    (issuer) => `${issuer}/.`,
    (issuer) => issuer.replace('1', '%31'),
    (issuer) => `${issuer}#`,
    (issuer) => `${issuer}?`,
    (issuer) => issuer.toUpperCase(),
  ),
  'ISS-cross-kid': async (fixture) => {
    const other = await issuerWithSameKid(fixture)
    return {
      options: { issuers: [fixture.issuer.url, other.url] },
      token: fixture.token({ key: keys.attacker() }),
    }
  },
  'ISS-cache-poison': async (fixture) => {
    const other = await issuerWithSameKid(fixture)
    return {
      run: async (start) => {
        const service = await start({ options: { issuers: [fixture.issuer.url, other.url] } })
        const theirs = { key: keys.attacker(), claims: { iss: other.url } }
        const first = await service.send({ token: fixture.token(theirs) })
        expect(first.status, 'a token of the other issuer').toBe(200)
        return service.send({ token: fixture.token({ key: keys.attacker() }) })
      },
    }
  },
  'ISS-ssrf': withIss(
    () => 'http://169.254.169.254/',
    () => 'file:///etc/passwd',
    () => 'http://[::1]:6379/',
  ),
  'ISS-dyn-template': (fixture) =>
    // Templates are not supported: a brace has no special meaning.
    ['../', '%2f', 'a.b', 'common', guid('1')].map((tid) => ({
      name: tid,
      options: { issuer: `${fixture.issuer.url}/{tenantid}/v2.0` },
      token: fixture.token({ claims: { iss: `${fixture.issuer.url}/${tid}/v2.0`, tid } }),
      check: () => expect(fixture.issuer.requests).toEqual([]),
    })),
  'ISS-tenant-swap': async (fixture) => {
    const tenant = await fixture.anotherIssuer(`/${guid('a')}/v2.0`)
    tenant.publish([keys.es256()])
    const options = { issuer: tenant.url }
    const claims = { iss: tenant.url, tid: guid('b') }
    return {
      options,
      token: fixture.token({ claims }),
      check: async (_, service) => {
        const own = fixture.token({ claims: { ...claims, tid: guid('a') } })
        expect(
          (await service.send({ token: own })).status,
          'a token of the configured tenant',
        ).toBe(200)
      },
    }
  },
  'ISS-policy-per-iss': async (fixture) => {
    const other = await fixture.anotherIssuer()
    other.publish([keys.es256(), keys.rs256()])
    const issuers = [
      { issuer: fixture.issuer.url, algorithms: ['ES256'], audience: 'a', profile: 'rfc9068' },
      { issuer: other.url, algorithms: ['RS256'], audience: 'b' },
    ]
    const first = { iss: fixture.issuer.url, aud: 'a' }
    const second = { iss: other.url, aud: 'b' }
    return [
      {
        name: "the second issuer's audience",
        token: fixture.token({ claims: { ...first, aud: 'b' } }),
      },
      {
        name: "the first issuer's audience",
        token: fixture.token({ key: keys.rs256(), claims: { ...second, aud: 'a' } }),
      },
      {
        name: "the second issuer's algorithm",
        token: fixture.token({ key: keys.rs256(), claims: first }),
      },
      { name: "the first issuer's algorithm", token: fixture.token({ claims: second }) },
      { name: 'typ', token: fixture.token({ header: { typ: 'JWT' }, claims: first }) },
    ].map((attempt) => ({ ...attempt, options: { issuers } }))
  },
  'ISS-iss-config-dup': (fixture) => ({
    misuse: true,
    options: { issuers: [fixture.issuer.url, { issuer: fixture.issuer.url }] },
  }),
}
