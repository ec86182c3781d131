import { createHash, X509Certificate } from 'node:crypto'
import { certificateOf } from '../fixtures/certificate.ts'
import type { Fixture } from '../fixtures/fixture.ts'
import { type Json, keyOf } from '../fixtures/keys.ts'
import { client, proofOf, publicJwk, publicUrl, thumbprint } from './dpop.ts'
import type { Attempt, CaseBuilder, Group, Scenario } from '../runner/attempt.ts'

// The peer of every request is 127.0.0.1. Hosts without access to the socket cannot know it, so the cases that
// must be granted run on core. test/hosts/client-certificates.test.ts covers TLS sockets.

const pemOf = (name: string): string => certificateOf(keyOf('ES256', 'P-256', name))
const derOf = (pem: string): Buffer => new X509Certificate(pem).raw
const thumbprintOf = (pem: string): string =>
  createHash('sha256').update(derOf(pem)).digest('base64url')

const a = pemOf('certificate-a')
const b = pemOf('certificate-b')
const rfc9440 = (pem: string): string => `:${derOf(pem).toString('base64')}:`
const hexOf = (pem: string): string => Buffer.from(thumbprintOf(pem), 'base64url').toString('hex')

const boundTo = (fixture: Fixture, pem = a): string =>
  fixture.token({ claims: { cnf: { 'x5t#S256': thumbprintOf(pem) } } })

const fromHeader = (more: Json = {}): Json => ({
  mtls: { from: 'header', format: 'rfc9440', peers: ['127.0.0.1'], ...more },
})
const fromXfcc = fromHeader({ format: 'xfcc' })

/** One attempt for each set of header lines, with a token that is bound to `pem`. */
const refused =
  (options: Json, pem: string, ...headers: readonly (readonly string[])[]): CaseBuilder =>
  (fixture) =>
    headers.map((lines): Attempt => ({
      name: lines.join().slice(0, 60),
      options,
      lines: [`Authorization: Bearer ${boundTo(fixture, pem)}`, ...lines],
    }))

const granted =
  (options: Json, ...headers: readonly (readonly string[])[]): CaseBuilder =>
  (fixture) =>
    headers.map((lines): Scenario => ({
      onlyOn: 'core',
      run: async (start) => {
        const service = await start({ options })
        return service.send({
          lines: [`Authorization: Bearer ${boundTo(fixture)}`, ...lines],
        })
      },
    }))

export const certificateCases: Group = {
  'MTLS-header-good': granted(fromHeader(), [`Client-Cert: ${rfc9440(a)}`]),
  'MTLS-header-untrusted': refused(
    fromHeader({ peers: ['10.0.0.5'] }),
    a,
    [`Client-Cert: ${rfc9440(a)}`],
    [`Client-Cert: ${rfc9440(a)}`, 'X-Forwarded-For: 10.0.0.5', 'Forwarded: for=10.0.0.5'],
  ),
  'MTLS-header-two-lines': refused(
    fromHeader(),
    a,
    [`Client-Cert: ${rfc9440(a)}`, `Client-Cert: ${rfc9440(b)}`],
    [`Client-Cert: ${rfc9440(b)}`, `Client-Cert: ${rfc9440(a)}`],
    [`Client-Cert: ${rfc9440(a)}`, `Client-Cert: ${rfc9440(a)}`],
    [`Client-Cert: ${rfc9440(a)}, ${rfc9440(b)}`],
  ),
  'MTLS-header-malformed': refused(
    fromHeader(),
    a,
    ...[
      '',
      '::',
      rfc9440(a).slice(1, -1),
      encodeURIComponent(a),
      `:${derOf(a).toString('base64url')}:`,
      ':AAAA:',
      `:${Buffer.concat([derOf(a), Buffer.of(0)]).toString('base64')}:`,
      'Bearer',
    ].map((value) => [`Client-Cert: ${value}`]),
  ),
  'MTLS-header-chain': refused(
    fromHeader(),
    a,
    [`Client-Cert: ${rfc9440(b)}`, `Client-Cert-Chain: ${rfc9440(a)}, ${rfc9440(b)}`],
    [`Client-Cert-Chain: ${rfc9440(a)}`],
  ),
  'MTLS-header-names': refused(
    fromHeader(),
    a,
    ...[
      'X-Client-Cert',
      'X-SSL-Client-Cert',
      'Client_Cert',
      'SSL_CLIENT_CERT',
      'ssl-client-cert',
    ].map((name) => [`${name}: ${rfc9440(a)}`]),
  ),
  'MTLS-xfcc-cert': granted(
    fromXfcc,
    ...[
      `By=spiffe://x;Hash=${hexOf(a)};Subject="CN=a";Cert="${encodeURIComponent(a)}"`,
      `Hash=${hexOf(a)}`,
      `by=spiffe://x;hash=${hexOf(a).toUpperCase()}`,
    ].map((value) => [`X-Forwarded-Client-Cert: ${value}`]),
  ),
  'MTLS-xfcc-elements': refused(
    fromXfcc,
    a,
    [`X-Forwarded-Client-Cert: Hash=${hexOf(a)},Hash=${hexOf(b)}`],
    [`X-Forwarded-Client-Cert: Hash=${hexOf(b)},Hash=${hexOf(a)}`],
  ),
  'MTLS-xfcc-conflict': (fixture) =>
    [a, b].flatMap(
      (pem) =>
        refused(fromXfcc, pem, [
          `X-Forwarded-Client-Cert: Hash=${hexOf(a)};Cert="${encodeURIComponent(b)}"`,
        ])(fixture) as readonly Attempt[],
    ),
  'MTLS-x5t-sha1': (fixture) =>
    [{ x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' }, { x5c: ['x'] }, {}, null].map((cnf): Attempt => ({
      options: fromHeader(),
      lines: [
        `Authorization: Bearer ${fixture.token({ claims: { cnf } })}`,
        `Client-Cert: ${rfc9440(a)}`,
      ],
    })),
  'MTLS-unknown-member': (fixture) =>
    [{ osc: {} }, { kid: 'k' }].map((more): Scenario => ({
      onlyOn: 'core',
      run: async (start) => {
        const service = await start({ options: fromHeader() })
        const cnf = { 'x5t#S256': thumbprintOf(a), ...more }
        const token = fixture.token({ claims: { cnf } })
        const outcome = await service.send({
          lines: [`Authorization: Bearer ${token}`, `Client-Cert: ${rfc9440(a)}`],
        })
        await new Promise(setImmediate)
        if (!service.records[0]?.anomalies?.includes('confirmation_ignored')) {
          throw new Error('the unknown member is not an anomaly in the record')
        }
        return outcome
      },
    })),
  'MTLS-both-good': (fixture) => ({
    onlyOn: 'core',
    run: async (start) => {
      const service = await start({ options: { ...fromHeader(), publicUrl } })
      const cnf = { jkt: thumbprint(publicJwk(client())), 'x5t#S256': thumbprintOf(a) }
      const token = fixture.token({ claims: { cnf } })
      const lines = (pem: string): readonly string[] => [
        `Authorization: DPoP ${token}`,
        `DPoP: ${proofOf(fixture, token)}`,
        `Client-Cert: ${rfc9440(pem)}`,
      ]
      const other = await service.send({ lines: lines(b) })
      if (other.error !== 'invalid_token') throw new Error('another certificate was accepted')
      return service.send({ lines: lines(a) })
    },
  }),
  'MTLS-off': refused({}, a, [`Client-Cert: ${rfc9440(a)}`], []),
  'MTLS-optional': refused({ ...fromHeader(), optional: true }, a, []),
  'MTLS-no-leak': (fixture) => ({
    options: fromHeader(),
    lines: [`Authorization: Bearer ${boundTo(fixture)}`, `Client-Cert: ${rfc9440(b)}`],
    check: ({ body, headers }, { records }) => {
      const reply = body + JSON.stringify(headers)
      const known = [thumbprintOf(a), thumbprintOf(b), derOf(b).toString('base64').slice(0, 40)]
      if (known.some((text) => reply.includes(text))) throw new Error('the certificate leaked')
      if (JSON.stringify(records).includes(known[2]!)) throw new Error('the record has it')
    },
  }),
  'MTLS-cache': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: fromHeader() })
      const line = `Authorization: Bearer ${boundTo(fixture)}`
      for (let use = 0; use < 3; use += 1) {
        await service.send({ lines: [line, `Client-Cert: ${rfc9440(a)}`] })
      }
      const other = await service.send({ lines: [line, `Client-Cert: ${rfc9440(b)}`] })
      if (other.status !== 401) throw new Error('another certificate was accepted')
      return service.send({ lines: [line] })
    },
  }),
}

/** The old case for the encodings of a certificate. */
export const encodingsOfCertificates: CaseBuilder = (fixture) => [
  ...(granted(fromHeader(), [`Client-Cert: ${rfc9440(a)}`])(fixture) as readonly Scenario[]),
  ...(granted(fromHeader({ format: 'nginx-pem', header: 'X-Cert' }), [
    `X-Cert: ${encodeURIComponent(a)}`,
  ])(fixture) as readonly Scenario[]),
]
