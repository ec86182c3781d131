import { expect } from 'vitest'
import type { Attempt, Builder, Group } from '../runner/attempt.ts'
import { type Bench, encode, segments } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { type Json, keys, signWith } from '../fixtures/keys.ts'

/** A good token whose header has more members than it should, or other ones. */
const withHeader =
  (...headers: readonly Json[]): Builder =>
  (bench) =>
    headers.map((header) => ({ name: JSON.stringify(header), token: bench.token({ header }) }))

/** A token that only a verifier would take which follows its header to a host of the attacker. */
async function luring(
  bench: Bench,
  urls: (host: string) => readonly string[],
  member = 'jku',
): Promise<Attempt[]> {
  const evil = await bench.another()
  evil.publish([keys.attacker()])
  return urls(evil.jwksUri).map((url) => ({
    name: url,
    token: bench.token({ key: keys.attacker(), header: { [member]: url } }),
    after: () => expect(evil.asked).toEqual([]),
  }))
}

const derCertificate = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\n/g, '')

const control = /\p{Cc}/u

/** RFC 7797: the payload stands in the token as it is, and is signed so. */
function unencoded(bench: Bench): string {
  const { alg, kid, privateKey } = keys.es256()
  const header = encode({ typ: 'at+jwt', alg, kid, b64: false, crit: ['b64'] })
  const payload = encode(bench.claims())
  return `${header}.${payload}.${encode(signWith(alg, `${header}.${payload}`, privateKey))}`
}

export const hdr: Group = {
  'HDR-jwk': withHeaderKey('ES256-key'),
  'HDR-jwk-nokid': withHeaderKey(undefined),
  'HDR-jku': (bench) => luring(bench, (host) => [host]),
  'HDR-jku-good': async (bench) => {
    const evil = await bench.another()
    return {
      token: bench.token({ header: { jku: evil.jwksUri } }),
      after: () => expect(evil.asked).toEqual([]),
    }
  },
  'HDR-jku-tricks': (bench) => {
    const { host } = new URL(bench.authority.url)
    return luring(bench, (evil) => [
      evil.replace('http://', `http://${host}@`),
      evil.replace('127.0.0.1', '127.0.0.1.nip.invalid'),
      `${bench.authority.url}/redirect?to=${evil}`,
      evil.replace('http:', ''),
    ])
  },
  'HDR-x5c': (bench) => ({
    token: bench.token({
      key: keys.attackerRsa(),
      header: { x5c: [derCertificate(certificateOf(keys.attackerRsa()))] },
    }),
  }),
  'HDR-x5t': withHeader({ x5t: 'AAAA' }, { 'x5t#S256': 'AAAA' }),
  'HDR-kid-missing-multi': withHeader({ kid: undefined }),
  'HDR-kid-missing-one': (bench) => {
    bench.authority.publish([keys.es256()])
    return { token: bench.token({ header: { kid: undefined } }) }
  },
  'HDR-kid-null': withHeader({ kid: null }),
  'HDR-kid-num': withHeader({ kid: 1 }),
  'HDR-kid-obj': withHeader({ kid: {} }),
  'HDR-kid-traversal': (bench) => ({
    token: bench.token({ header: { kid: '../../../../dev/null' } }),
    // The metadata, the key set, and at most one more look for the unknown name.
    after: () => expect(bench.authority.asked.length).toBeLessThanOrEqual(4),
  }),
  'HDR-kid-sqli': withHeader({ kid: "x' UNION SELECT '1';--" }),
  'HDR-kid-url': (bench) => luring(bench, (host) => [host], 'kid'),
  'HDR-kid-crlf': (bench) => ({
    token: bench.token({ header: { kid: 'a\r\nlevel=info msg="granted"\u001b[2J\u009b' } }),
    after: (_, { records }) => {
      const names = records.map(({ unverified }) => unverified?.kid)
      expect(names.join('')).toContain('\\u000d\\u000a')
      expect(names.join('')).not.toMatch(control)
    },
  }),
  'HDR-crit-unknown': withHeader({ crit: ['x-custom'], 'x-custom': 1 }),
  'HDR-crit-exp': withHeader({ crit: ['exp'], exp: 1 }, { crit: ['exp'] }),
  'HDR-crit-alg': withHeader({ crit: ['alg'] }),
  'HDR-crit-empty': withHeader({ crit: [] }),
  'HDR-crit-string': withHeader({ crit: 'exp' }),
  'HDR-crit-nonstring': withHeader({ crit: [1] }),
  'HDR-crit-missing': withHeader({ crit: ['b64'] }),
  'HDR-crit-b64-true': withHeader({ crit: ['b64'], b64: true }),
  'HDR-b64-false': (bench) => {
    const [header, , signature] = segments(unencoded(bench))
    return [
      { token: unencoded(bench) },
      { name: 'as RFC 7797 writes it', token: `${header}.${JSON.stringify({})}.${signature}` },
    ]
  },
  'HDR-b64-false-nocrit': withHeader({ b64: false }),
  'HDR-zip': withHeader({ zip: 'DEF' }),
  'HDR-cty-jwt': withHeader({ cty: 'JWT' }, { cty: 'jwt' }, { cty: 'application/jwt' }),
  'HDR-enc-hdr': withHeader({ enc: 'A128GCM' }, { epk: {} }, { p2c: 1000 }, { p2s: 'AAAA' }),
  'HDR-typ-jwt': withHeader({ typ: 'JWT' }),
  'HDR-typ-array': withHeader({ typ: ['at+jwt'] }),
  'HDR-typ-param': withHeader(
    { typ: 'at+jwt;charset=utf-8' },
    { typ: 'at+jwt ' },
    { typ: 'application/application/at+jwt' },
  ),
  'HDR-typ-legacy': (bench) => ({
    options: { profile: 'rfc9068', issuers: [{ issuer: bench.authority.url, profile: legacy }] },
    token: bench.token({ header: { typ: 'JWT' } }),
  }),
}

/** What an issuer needs whose tokens say `JWT`: every other member is as in RFC 9068. */
const legacy = {
  ...{ name: 'legacy', types: ['jwt'], clientClaims: ['client_id'], scopeClaims: ['scope'] },
  ...{ requiredClaims: ['jti'], ignoredAudiences: [] },
}

function withHeaderKey(kid: string | undefined): Builder {
  return (bench) => {
    const jwk = { ...keys.attacker().jwk, kid }
    return { token: bench.token({ key: keys.attacker(), header: { kid, jwk } }) }
  }
}
