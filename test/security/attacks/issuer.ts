import { expect } from 'vitest'
import type { Builder, Group } from '../runner/attempt.ts'
import { type Bench } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

const named =
  (...values: readonly ((issuer: string) => unknown)[]): Builder =>
  (bench) =>
    values.map((value) => {
      const iss = value(bench.authority.url)
      return {
        name: JSON.stringify(iss),
        token: bench.token({ claims: { iss } }),
        after: () => expect(bench.authority.asked, 'nothing is fetched for it').toEqual([]),
      }
    })

/** A second authority, whose key has the first one's name. */
async function rival(bench: Bench): ReturnType<Bench['another']> {
  const other = await bench.another()
  other.publish([{ ...keys.attacker().jwk, kid: 'ES256-key' }])
  return other
}

const guid = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-000000000000`

export const iss: Group = {
  'ISS-missing': named(() => undefined),
  'ISS-array': named((issuer) => [issuer]),
  'ISS-array-evil': named((issuer) => ['https://evil', issuer]),
  'ISS-null': named(() => null),
  'ISS-num': named(() => 1),
  'ISS-suffix': named(
    (issuer) => `${issuer}.evil`,
    (issuer) => `https://evil/${issuer}`,
    (issuer) => `${issuer}@evil`,
  ),
  'ISS-partial': named(
    () => 'http',
    (issuer) => issuer.slice(0, -1),
    (issuer) => issuer.slice(7),
    () => '',
  ),
  'ISS-slash': named((issuer) => `${issuer}/`),
  'ISS-norm': named(
    (issuer) => issuer.replace('127.0.0.1', '127.1'),
    (issuer) => `${issuer}/.`,
    (issuer) => issuer.replace('1', '%31'),
    (issuer) => `${issuer}#`,
    (issuer) => `${issuer}?`,
    (issuer) => issuer.toUpperCase(),
  ),
  'ISS-cross-kid': async (bench) => {
    const other = await rival(bench)
    return {
      options: { issuers: [bench.authority.url, other.url] },
      token: bench.token({ key: keys.attacker() }),
    }
  },
  'ISS-cache-poison': async (bench) => {
    const other = await rival(bench)
    return {
      run: async (start) => {
        const service = await start({ options: { issuers: [bench.authority.url, other.url] } })
        const theirs = { key: keys.attacker(), claims: { iss: other.url } }
        const first = await service.send({ token: bench.token(theirs) })
        expect(first.status, 'their own token').toBe(200)
        return service.send({ token: bench.token({ key: keys.attacker() }) })
      },
    }
  },
  'ISS-ssrf': named(
    () => 'http://169.254.169.254/',
    () => 'file:///etc/passwd',
    () => 'http://[::1]:6379/',
  ),
  'ISS-dyn-template': (bench) =>
    // There are no templates: a brace is a letter like any other.
    ['../', '%2f', 'a.b', 'common', guid('1')].map((tid) => ({
      name: tid,
      options: { issuer: `${bench.authority.url}/{tenantid}/v2.0` },
      token: bench.token({ claims: { iss: `${bench.authority.url}/${tid}/v2.0`, tid } }),
      after: () => expect(bench.authority.asked).toEqual([]),
    })),
  'ISS-tenant-swap': async (bench) => {
    const tenant = await bench.another(`/${guid('a')}/v2.0`)
    tenant.publish([keys.es256()])
    const options = { issuer: tenant.url }
    const claims = { iss: tenant.url, tid: guid('b') }
    return {
      options,
      token: bench.token({ claims }),
      after: async (_, service) => {
        const own = bench.token({ claims: { ...claims, tid: guid('a') } })
        expect((await service.send({ token: own })).status, 'its own tenant').toBe(200)
      },
    }
  },
  'ISS-policy-per-iss': async (bench) => {
    const other = await bench.another()
    other.publish([keys.es256(), keys.rs256()])
    const issuers = [
      { issuer: bench.authority.url, algorithms: ['ES256'], audience: 'a', profile: 'rfc9068' },
      { issuer: other.url, algorithms: ['RS256'], audience: 'b' },
    ]
    const ours = { iss: bench.authority.url, aud: 'a' }
    const theirs = { iss: other.url, aud: 'b' }
    return [
      { name: 'audience', token: bench.token({ claims: { ...ours, aud: 'b' } }) },
      {
        name: 'their audience',
        token: bench.token({ key: keys.rs256(), claims: { ...theirs, aud: 'a' } }),
      },
      { name: 'algorithm', token: bench.token({ key: keys.rs256(), claims: ours }) },
      { name: 'their algorithm', token: bench.token({ claims: theirs }) },
      { name: 'typ', token: bench.token({ header: { typ: 'JWT' }, claims: ours }) },
    ].map((attempt) => ({ ...attempt, options: { issuers } }))
  },
  'ISS-iss-config-dup': (bench) => ({
    misuse: true,
    options: { issuers: [bench.authority.url, { issuer: bench.authority.url }] },
  }),
}
