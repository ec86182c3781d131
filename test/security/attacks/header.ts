import { expect } from 'vitest'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'
import { type Fixture, encode, segments } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { type Json, keyOf, keys, signWith } from '../fixtures/keys.ts'

/** Valid tokens with these header parameters added or replaced. */
const withHeader =
  (...headers: readonly Json[]): CaseBuilder =>
  (fixture) =>
    headers.map((header) => ({ name: JSON.stringify(header), token: fixture.token({ header }) }))

/** Tokens that are valid only for a verifier that fetches the key from a URL in the header. */
async function pointingToAttacker(
  fixture: Fixture,
  urls: (host: string) => readonly string[],
  member = 'jku',
): Promise<Attempt[]> {
  const attacker = await fixture.anotherIssuer()
  attacker.publish([keys.attacker()])
  return urls(attacker.jwksUri).map((url) => ({
    name: url,
    token: fixture.token({ key: keys.attacker(), header: { [member]: url } }),
    check: () => expect(attacker.requests).toEqual([]),
  }))
}

const derCertificate = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\n/g, '')

const control = /\p{Cc}/u

/** A token whose header says that the payload is not encoded: RFC 7797. */
function withUnencodedPayload(fixture: Fixture): string {
  const { alg, kid, privateKey } = keys.es256()
  const header = encode({ typ: 'at+jwt', alg, kid, b64: false, crit: ['b64'] })
  const payload = encode(fixture.claims())
  return `${header}.${payload}.${encode(signWith(alg, `${header}.${payload}`, privateKey))}`
}

export const headerCases: Group = {
  'HDR-jwk': withHeaderKey('ES256-key'),
  'HDR-jwk-nokid': withHeaderKey(undefined),
  'HDR-jku': (fixture) => pointingToAttacker(fixture, (host) => [host]),
  'HDR-jku-good': async (fixture) => {
    const attacker = await fixture.anotherIssuer()
    return {
      token: fixture.token({ header: { jku: attacker.jwksUri } }),
      check: () => expect(attacker.requests).toEqual([]),
    }
  },
  'HDR-jku-tricks': (fixture) => {
    const { host } = new URL(fixture.issuer.url)
    return pointingToAttacker(fixture, (url) => [
      url.replace('http://', `http://${host}@`),
      url.replace('127.0.0.1', '127.0.0.1.nip.invalid'),
      `${fixture.issuer.url}/redirect?to=${url}`,
      url.replace('http:', ''),
    ])
  },
  'HDR-x5c': (fixture) => ({
    token: fixture.token({
      key: keys.attackerRsa(),
      header: { x5c: [derCertificate(certificateOf(keys.attackerRsa()))] },
    }),
  }),
  'HDR-x5t': withHeader({ x5t: 'AAAA' }, { 'x5t#S256': 'AAAA' }),
  'HDR-kid-missing-multi': (fixture) => {
    // The alg does not select one of them.
    fixture.issuer.publish([keys.es256(), keyOf('ES256', 'P-256', 'other'), keys.rs256()])
    return { token: fixture.token({ header: { kid: undefined } }) }
  },
  'HDR-kid-missing-one': (fixture) => {
    fixture.issuer.publish([keys.es256()])
    return { token: fixture.token({ header: { kid: undefined } }) }
  },
  'HDR-kid-null': withHeader({ kid: null }),
  'HDR-kid-num': withHeader({ kid: 1 }),
  'HDR-kid-obj': withHeader({ kid: {} }),
  'HDR-kid-traversal': (fixture) => ({
    token: fixture.token({ header: { kid: '../../../../dev/null' } }),
    // The metadata, the key set, and at most one refresh for the unknown kid.
    check: () => expect(fixture.issuer.requests.length).toBeLessThanOrEqual(4),
  }),
  'HDR-kid-sqli': withHeader({ kid: "x' UNION SELECT '1';--" }),
  'HDR-kid-url': (fixture) => pointingToAttacker(fixture, (host) => [host], 'kid'),
  'HDR-kid-crlf': (fixture) => ({
    token: fixture.token({ header: { kid: 'a\r\nlevel=info msg="granted"\u001b[2J\u009b' } }),
    check: (_, { records }) => {
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
  'HDR-b64-false': (fixture) => {
    const [header, , signature] = segments(withUnencodedPayload(fixture))
    return [
      { token: withUnencodedPayload(fixture) },
      { name: 'payload not encoded', token: `${header}.${JSON.stringify({})}.${signature}` },
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
  'HDR-typ-legacy': (fixture) => ({
    options: { profile: 'rfc9068', issuers: [{ issuer: fixture.issuer.url, profile: legacy }] },
    token: fixture.token({ header: { typ: 'JWT' } }),
  }),
}

/** The RFC 9068 profile, except that `typ` is `JWT`. */
const legacy = {
  name: 'legacy',
  types: ['jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['jti'],
  ignoredAudiences: [],
}

function withHeaderKey(kid: string | undefined): CaseBuilder {
  return (fixture) => {
    const jwk = { ...keys.attacker().jwk, kid }
    return { token: fixture.token({ key: keys.attacker(), header: { kid, jwk } }) }
  }
}
