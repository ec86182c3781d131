import { createHash, type KeyObject } from 'node:crypto'
import { audience, type Fixture, encode } from '../fixtures/fixture.ts'
import { type Json, type Key, keyOf, keys, privateJwk, signWith } from '../fixtures/keys.ts'
import type { Attempt, CaseBuilder, Group, Outcome, Scenario, Service } from '../runner/attempt.ts'

/** The URL by which clients reach the service. */
export const publicUrl = 'https://api.example'
const nonceSecret = 'a secret of at least 32 characters'

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('base64url')

/** The client's key, and another one. */
export const client = (): Key => keyOf('ES256', 'P-256', 'client')
const other = (): Key => keyOf('ES256', 'P-256', 'other-client')

export const publicJwk = ({ publicKey }: { readonly publicKey: KeyObject }): Json => ({
  ...publicKey.export({ format: 'jwk' }),
})

/** RFC 7638. Deliberately independent of the implementation in core. */
export function thumbprint({ crv, e, kty, n, x, y }: Json): string {
  const required = { RSA: { e, kty, n }, EC: { crv, kty, x, y }, OKP: { crv, kty, x } }
  return sha256(JSON.stringify(required[kty as keyof typeof required]))
}

/** What to change in a valid proof. */
interface ProofSpec {
  readonly key?: Key
  readonly header?: Json
  readonly claims?: Json
  readonly payload?: string
  /** Signs in place of `key`. */
  readonly signer?: Key
  /** The algorithm to sign with, if the header names another one. */
  readonly signAs?: string
}

let count = 0

export function proofOf(fixture: Fixture, token: string, spec: ProofSpec = {}): string {
  const { key = client(), signer = key } = spec
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: publicJwk(key), ...spec.header }
  const claims = {
    jti: `proof-${(count += 1)}`,
    htm: 'GET',
    htu: `${publicUrl}/`,
    iat: fixture.now,
    ath: sha256(token),
    ...spec.claims,
  }
  const input = `${encode(header)}.${encode(spec.payload ?? JSON.stringify(claims))}`
  return `${input}.${encode(signWith(spec.signAs ?? signer.alg, input, signer.privateKey))}`
}

const boundToken = (fixture: Fixture, claims: Json = {}, key = client()): string =>
  fixture.token({ claims: { cnf: { jkt: thumbprint(publicJwk(key)) }, ...claims } })

const linesOf = (token: string, ...proofs: readonly string[]): readonly string[] => [
  `Authorization: DPoP ${token}`,
  ...proofs.map((proof) => `DPoP: ${proof}`),
]

const dpopOptions = (more: Json = {}): Json => ({ publicUrl, ...more })

/** One attempt for each proof, with an otherwise valid request. */
const withProofs =
  (...specs: readonly (readonly [name: string, spec: ProofSpec])[]): CaseBuilder =>
  (fixture) =>
    specs.map(([name, spec]): Attempt => {
      const token = boundToken(fixture, {}, spec.key)
      return { name, options: dpopOptions(), lines: linesOf(token, proofOf(fixture, token, spec)) }
    })

const withHeader = (...headers: readonly Json[]): CaseBuilder =>
  withProofs(...headers.map((header) => [JSON.stringify(header).slice(0, 80), { header }] as const))

const withClaims = (...claims: readonly Json[]): CaseBuilder =>
  withProofs(...claims.map((one) => [JSON.stringify(one).slice(0, 80), { claims: one }] as const))

/** One attempt for each set of header lines. */
const withLines =
  (
    linesFor: (fixture: Fixture) => readonly (readonly string[])[],
    options: Json = {},
    more: Partial<Attempt> = {},
  ): CaseBuilder =>
  (fixture) =>
    linesFor(fixture).map((lines): Attempt => ({
      name: lines.join().slice(0, 80),
      options: dpopOptions(options),
      lines,
      ...more,
    }))

/** Several requests to one service. Each entry is the header lines of a request. The last outcome counts. */
const inOrder = (
  setup: Json,
  expected: readonly string[],
  requests: (fixture: Fixture) => readonly (readonly string[])[],
  fixture: Fixture,
): Scenario => ({
  run: async (start) => {
    const service = await start({ options: dpopOptions(setup) })
    const outcomes: Outcome[] = []
    for (const lines of requests(fixture)) outcomes.push(await service.send({ lines }))
    return requireOutcomes(outcomes, expected)
  },
})

function requireOutcomes(outcomes: readonly Outcome[], expected: readonly string[]): Outcome {
  const found = outcomes.map(({ status, error }) => [status, error].filter(Boolean).join(' '))
  if (found.join() !== expected.join()) {
    throw new Error(`expected ${expected.join(', ')}; got ${found.join(', ')}`)
  }
  return outcomes.at(-1)!
}

/** A path that only core routes. */
const atPath =
  (...targets: readonly (readonly [path: string, htu: string])[]): CaseBuilder =>
  (fixture) =>
    targets.map(([path, htu]): Scenario => ({
      onlyOn: 'core',
      run: async (start) => {
        const service = await start({ options: dpopOptions() })
        const token = boundToken(fixture)
        const proof = proofOf(fixture, token, { claims: { htu: publicUrl + htu } })
        return service.send({ path, lines: linesOf(token, proof) })
      },
    }))

const withHtu = (...uris: readonly string[]): CaseBuilder =>
  withClaims(...uris.map((htu) => ({ htu })))

const coordinate = (name: 'x' | 'y'): string => publicJwk(client())[name] as string

const withTrailingBit = (text: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1]
}

const withJwk =
  (...changes: readonly (() => Json)[]): CaseBuilder =>
  (fixture) =>
    withHeader(...changes.map((change) => ({ jwk: { ...publicJwk(client()), ...change() } })))(
      fixture,
    )

const rsa = (): Key => keyOf('RS256', 'RSA', 'client')
const ed25519 = (): Key => keyOf('EdDSA', 'Ed25519', 'client')

/** A store that never stays down for longer than the test. */
const brokenStores: readonly Json[] = [
  { consume: () => Promise.reject(new Error('ECONNREFUSED')) },
  {
    consume: () => {
      throw new Error('down')
    },
  },
  { consume: () => undefined },
  { consume: () => new Promise(() => {}) },
]

export const firstDpopCases: Group = {
  'DPOP-no-proof': withLines((fixture) => [linesOf(boundToken(fixture))]),
  'DPOP-two-proofs': withLines((fixture) => {
    const token = boundToken(fixture)
    return [
      linesOf(token, proofOf(fixture, token), proofOf(fixture, token)),
      linesOf(token, `${proofOf(fixture, token)}, ${proofOf(fixture, token)}`),
    ]
  }),
  'DPOP-typ': withHeader({ typ: 'JWT' }, { typ: undefined }, { typ: 'at+jwt' }),
  'DPOP-alg-none': withHeader({ alg: 'none' }, { alg: 'HS256' }),
  'DPOP-sig': withProofs(['another key signs', { signer: other() }]),
  'DPOP-jwk-missing': withHeader({ jwk: undefined }, { jwk: undefined, kid: 'client' }),
  'DPOP-jwk-oct': withHeader({ jwk: { kty: 'oct', k: 'AAAA' } }),
  'DPOP-htm': withClaims({ htm: 'POST' }, { htm: 'get' }, { htm: 'HEAD' }),
  'DPOP-htu': withHtu(`${publicUrl}/other`, 'https://evil.example/', 'http://api.example/'),
  'DPOP-htu-query': withHtu(`${publicUrl}/?a=1`, `${publicUrl}/#b`, `${publicUrl}/?a=1#b`),
  'DPOP-htu-norm': withHtu('https://api.example:443/', 'HTTPS://API.example/'),
  'DPOP-htu-dots': withHtu(
    `${publicUrl}/a/..`,
    `${publicUrl}/%2e%2e`,
    `${publicUrl}//`,
    'https://user@api.example/',
  ),
  'DPOP-htu-host-spoof': withLines((fixture) => {
    const token = boundToken(fixture)
    const proof = (): string =>
      proofOf(fixture, token, { claims: { htu: 'https://evil.example/' } })
    return [
      [...linesOf(token, proof()), 'X-Forwarded-Host: evil.example'],
      [...linesOf(token, proof()), 'Forwarded: host=evil.example;proto=https'],
    ]
  }),
  'DPOP-iat-old': (fixture) => withClaims({ iat: fixture.now - 66 })(fixture),
  'DPOP-iat-future': (fixture) => withClaims({ iat: fixture.now + 6 })(fixture),
  'DPOP-jti-missing': withClaims(
    { jti: undefined },
    { jti: 1 },
    { jti: '' },
    { jti: 'x'.repeat(10_240) },
  ),
  'DPOP-replay': (fixture) => {
    const token = boundToken(fixture)
    const lines = linesOf(token, proofOf(fixture, token))
    return inOrder({}, ['200', '401 invalid_dpop_proof'], () => [lines, lines], fixture)
  },
  'DPOP-replay-instances': (fixture) => sharedStore(fixture, 1),
  'DPOP-replay-race': (fixture) => race(fixture, 100),
  'DPOP-jti-scope': (fixture) => sameJtiOfTwoKeys(fixture),
  'DPOP-jti-flood': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      let last: Outcome | undefined
      for (let at = 0; at < 100; at += 1) {
        last = await service.send({ lines: linesOf(token, proofOf(fixture, token)) })
      }
      return last!
    },
  }),
  'DPOP-ath-wrong': withClaims(
    { ath: sha256('another token') },
    { ath: `${sha256('x')}=` },
    { ath: Buffer.from(sha256('x'), 'base64url').toString('hex') },
  ),
  'DPOP-nonce-missing': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      return [linesOf(token, proofOf(fixture, token))]
    },
    { dpop: { nonceSecret } },
  ),
  'DPOP-nonce-stale': (fixture) => staleNonce(fixture),
  'DPOP-bearer-allowed': withLines((fixture) => [[`Authorization: Bearer ${fixture.token()}`]], {
    dpop: 'required',
  }),
}

/** Sends one proof to two instances with one store, `copies` times to each. */
function sharedStore(fixture: Fixture, copies: number): Scenario {
  return {
    run: async (start) => {
      const used = new Set<string>()
      const store = {
        consume: async ({ id }: { readonly id: string }) => {
          const isFirst = !used.has(id)
          used.add(id)
          await new Promise((resolve) => {
            setTimeout(resolve, 20)
          })
          return isFirst
        },
      }
      const setup = { options: dpopOptions({ dpop: { store } }) }
      const services = [await start(setup), await start(setup)]
      const token = boundToken(fixture)
      const lines = linesOf(token, proofOf(fixture, token))
      const sent = services.flatMap((service) =>
        Array.from({ length: copies }, () => service.send({ lines })),
      )
      return onlyOneGranted(await Promise.all(sent))
    },
  }
}

function race(fixture: Fixture, copies: number): Scenario {
  return {
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const lines = linesOf(token, proofOf(fixture, token))
      const sent = Array.from({ length: copies }, () => service.send({ lines }))
      return onlyOneGranted(await Promise.all(sent))
    },
  }
}

function onlyOneGranted(outcomes: readonly Outcome[]): Outcome {
  const granted = outcomes.filter(({ status }) => status === 200)
  if (granted.length !== 1) throw new Error(`${granted.length} requests were granted`)
  return outcomes.find(({ status }) => status !== 200)!
}

function sameJtiOfTwoKeys(fixture: Fixture): Scenario {
  const requests = (): readonly (readonly string[])[] =>
    [client(), other()].map((key) => {
      const token = boundToken(fixture, {}, key)
      return linesOf(token, proofOf(fixture, token, { key, claims: { jti: 'same' } }))
    })
  return inOrder({}, ['200', '200'], requests, fixture)
}

/** The nonce in the answer to a proof without one. */
async function nonceFrom(service: Service, fixture: Fixture): Promise<string> {
  const token = boundToken(fixture)
  const { headers } = await service.send({ lines: linesOf(token, proofOf(fixture, token)) })
  return headers['dpop-nonce']!
}

/** A request with a nonce. */
function withNonce(fixture: Fixture, nonce: unknown, claims: Json = {}): readonly string[] {
  const token = boundToken(fixture)
  return linesOf(token, proofOf(fixture, token, { claims: { nonce, ...claims } }))
}

const nonceSetup = (more: Json = {}): { readonly options: Json } => ({
  options: dpopOptions({ dpop: { nonceSecret }, ...more }),
})

function staleNonce(fixture: Fixture): Scenario {
  return {
    run: async (start) => {
      const service = await start(nonceSetup())
      const nonce = await nonceFrom(service, fixture)
      fixture.clock.advance(70)
      const late = await service.send({ lines: withNonce(fixture, nonce) })
      if (late.status !== 200 || late.headers['dpop-nonce'] === undefined) {
        throw new Error('the nonce of the previous window must be accepted and renewed')
      }
      fixture.clock.advance(110)
      return service.send({ lines: withNonce(fixture, nonce) })
    },
  }
}

export const dpopCases: Group = {
  'DPOP2-ctrl-good': (fixture) =>
    ['allowed', 'required'].map((dpop): Attempt => {
      const token = boundToken(fixture)
      return {
        name: dpop,
        options: dpopOptions({ dpop }),
        lines: linesOf(token, proofOf(fixture, token)),
      }
    }),
  'DPOP2-ctrl-rsa': withProofs(
    ['RS256', { key: rsa() }],
    ['PS256', { key: keyOf('PS256', 'RSA', 'client') }],
  ),
  'DPOP2-ctrl-scheme-case': withLines((fixture) => {
    const token = boundToken(fixture)
    const proof = (): string => proofOf(fixture, token)
    return [
      ...['dpop', 'DPOP', 'dPoP'].map((scheme) => [
        `Authorization: ${scheme} ${token}`,
        `DPoP: ${proof()}`,
      ]),
      ...['dpop', 'DPOP'].map((name) => [`Authorization: DPoP ${token}`, `${name}: ${proof()}`]),
    ]
  }),
  'DPOP2-ctrl-nbf-exp': (fixture) =>
    withClaims({ nbf: fixture.now, exp: fixture.now + 300 })(fixture),
  'DPOP2-typ-variants': withHeader({ typ: 'DPoP+JWT' }, { typ: 'application/dpop+jwt' }),
  'DPOP2-token-as-proof': withLines((fixture) => {
    const token = boundToken(fixture)
    return [linesOf(token, token)]
  }),
  'DPOP2-proof-as-token': withLines((fixture) => {
    const proof = proofOf(fixture, 'x', { claims: fixture.claims() })
    return [[`Authorization: Bearer ${proof}`]]
  }),
  'DPOP2-alg-none-variants': withHeader(
    { alg: 'none' },
    { alg: 'None' },
    { alg: 'NONE' },
    { alg: undefined },
    { alg: 256 },
  ),
  'DPOP2-alg-key-mismatch': (fixture) =>
    withHeader(
      { jwk: publicJwk(keys.es384()) },
      { alg: 'ES384' },
      { alg: 'EdDSA' },
      { alg: 'RS256' },
      { alg: 'EdDSA', jwk: { ...publicJwk(ed25519()), crv: 'Ed448' } },
      { alg: 'EdDSA', jwk: { ...publicJwk(ed25519()), crv: 'X25519' } },
      { alg: 'ES256K', jwk: { ...publicJwk(client()), crv: 'secp256k1' } },
    )(fixture),
  'DPOP2-alg-config': () =>
    [[], ['HS256'], ['none'], ['ES256', 'es256'], undefined].map((algorithms) => ({
      misuse: true as const,
      name: JSON.stringify(algorithms),
      options: dpopOptions({ dpop: { algorithms } }),
    })),
  'DPOP2-sig-other-key': withProofs(['another key signs', { signer: other() }]),
  'DPOP2-jwk-private': (fixture) => {
    const variants: readonly (readonly [Key, Json])[] = [
      [client(), privateJwk(client())],
      [ed25519(), privateJwk(ed25519())],
      [rsa(), privateJwk(rsa())],
      [rsa(), { ...publicJwk(rsa()), p: 'AQAB' }],
      [rsa(), { ...publicJwk(rsa()), oth: [] }],
      [client(), { ...publicJwk(client()), d: null }],
      [client(), { ...publicJwk(client()), d: '' }],
    ]
    return variants.map(([key, jwk]): Attempt => {
      const token = boundToken(fixture, {}, key)
      return {
        options: dpopOptions(),
        lines: linesOf(token, proofOf(fixture, token, { key, header: { jwk } })),
        check: ({ body }, { records }) => {
          const secret = jwk['d'] as string | null
          if (secret && (body + JSON.stringify(records)).includes(secret)) {
            throw new Error('the private key was recorded')
          }
        },
      }
    })
  },
  'DPOP2-jwk-oct': withHeader(
    { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } },
    { jwk: { kty: 'oct', k: 'AAAA' } },
  ),
  'DPOP2-jwk-noncanonical': withJwk(
    () => ({ x: `${coordinate('x')}=` }),
    () => ({ x: ` ${coordinate('x')}` }),
    () => ({ x: withTrailingBit(coordinate('x')) }),
    () => ({ x: `${coordinate('x').slice(0, -1)}+` }),
  ),
  'DPOP2-jwk-short-coord': withJwk(() => ({
    x: Buffer.from(coordinate('x'), 'base64url').subarray(1).toString('base64url'),
  })),
  'DPOP2-jwk-rsa-bounds': (fixture) => {
    const jwk = publicJwk(rsa())
    const integer = (...bytes: readonly number[]): string =>
      Buffer.from(bytes).toString('base64url')
    const modulus = Buffer.from(jwk['n'] as string, 'base64url')
    return withHeader(
      ...[
        { n: Buffer.alloc(128, 255).toString('base64url') },
        { n: Buffer.alloc(2048, 255).toString('base64url') },
        { e: integer(1) },
        { e: integer(2) },
        { e: Buffer.alloc(256, 255).toString('base64url') },
        { n: Buffer.concat([Buffer.of(0), modulus]).toString('base64url') },
      ].map((change) => ({ alg: 'RS256', jwk: { ...jwk, ...change } })),
    )(fixture)
  },
  'DPOP2-jwk-extra-members': withJwk(() => ({
    kid: 'k',
    use: 'sig',
    alg: 'ES256',
    key_ops: ['verify'],
    ext: true,
    x5t: 'abc',
    iat: 1,
  })),
  'DPOP2-jwk-contradiction': withJwk(
    () => ({ use: 'enc' }),
    () => ({ key_ops: ['sign'] }),
    () => ({ alg: 'ES384' }),
  ),
  'DPOP2-crit': withHeader(
    { crit: ['exp'] },
    { crit: ['b64'], b64: false },
    { crit: [] },
    { crit: 'typ' },
    { crit: ['jwk'] },
  ),
  'DPOP2-encoding': withLines((fixture) => {
    const token = boundToken(fixture)
    const proof = proofOf(fixture, token)
    const [header, payload, signature] = proof.split('.') as [string, string, string]
    const variants = [
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}.${withTrailingBit(signature)}`,
      `${proof}.x`,
      `${proof}.x.y`,
      `${header}.${payload}`,
      `${header}..${signature}`,
      JSON.stringify({ protected: header, payload, signature }),
      `${encode(Buffer.from('\uFEFF{}'))}.${payload}.${signature}`,
      `${header}.${encode('[]')}.${signature}`,
      `${encode(Buffer.of(0xff, 0xfe))}.${payload}.${signature}`,
    ]
    return variants.map((variant) => linesOf(token, variant))
  }),
  'DPOP2-size': withProofs(['8193 characters', { claims: { padding: 'x'.repeat(6000) } }]),
  'DPOP2-two-headers': withLines((fixture) => {
    const token = boundToken(fixture)
    const proof = proofOf(fixture, token)
    return [
      linesOf(token, proof, proofOf(fixture, token)),
      linesOf(token, proof, 'x'),
      linesOf(token, 'x', proof),
      linesOf(token, proof, proof),
    ]
  }),
  'DPOP2-header-empty': withLines((fixture) => {
    const token = boundToken(fixture)
    return ['', '   ', 'undefined', ','].map((proof) => linesOf(token, proof))
  }),
  'DPOP2-claims-missing': withClaims(
    ...['jti', 'htm', 'htu', 'iat', 'ath'].map((name) => ({ [name]: undefined })),
  ),
  'DPOP2-claims-types': (fixture) =>
    withClaims(
      { jti: 1 },
      { jti: [] },
      { jti: null },
      { htm: ['GET'] },
      { htm: null },
      { htu: {} },
      { htu: [`${publicUrl}/`] },
      { iat: String(fixture.now) },
      { iat: null },
      { iat: true },
      { ath: 1 },
      { ath: null },
    )(fixture),
  'DPOP2-htm-case': withClaims({ htm: 'get' }, { htm: 'Get' }, { htm: 'GET ' }, { htm: ' GET' }),
  'DPOP2-htm-extension': (fixture) =>
    ['PROPFIND', 'QUERY', 'PATCH'].map((method) => withMethod(fixture, method, method)),
  'DPOP2-htm-head': (fixture) => withMethod(fixture, 'HEAD', 'GET'),
  // A middleware has changed the method before the guard runs.
  'DPOP2-htm-override': (fixture) => withMethod(fixture, 'DELETE', 'POST'),
  'DPOP2-ws': (fixture) => ({
    onlyOn: 'core',
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const send = (htu: string): Promise<Outcome> =>
        service.send({
          path: '/ws',
          lines: [
            ...linesOf(token, proofOf(fixture, token, { claims: { htu } })),
            'Connection: Upgrade',
            'Upgrade: websocket',
          ],
        })
      requireOutcomes([await send('wss://api.example/ws')], ['401 invalid_dpop_proof'])
      return send(`${publicUrl}/ws`)
    },
  }),
  'DPOP2-proxy-host-path': (fixture) =>
    [
      ['Host: api.example/intended?'],
      ['Host: api.example/intended#'],
      ['Host: api.example\\intended?'],
      ['Host: api.example', 'X-Forwarded-Host: api.example/intended?'],
    ].map((headers): Scenario => ({
      onlyOn: 'http',
      run: async (start) => {
        const service = await start({ options: dpopOptions() })
        const token = boundToken(fixture)
        const claims = { htu: `${publicUrl}/intended` }
        const lines = linesOf(token, proofOf(fixture, token, { claims }))
        const head = ['GET / HTTP/1.1', ...headers, ...lines, 'Connection: close']
        const outcome = await service.send({ bytes: `${head.join('\r\n')}\r\n\r\n` })
        // Some hosts refuse such a Host header themselves.
        return outcome.status === 400
          ? { ...outcome, status: 401, error: 'invalid_dpop_proof' }
          : outcome
      },
    })),
  'DPOP2-htu-port': withHtu('https://api.example:443/', 'https://api.example:/'),
  'DPOP2-htu-port-http': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      const htu = 'http://127.0.0.1:80/'
      return [linesOf(token, proofOf(fixture, token, { claims: { htu } }))]
    },
    { publicUrl: 'http://127.0.0.1' },
  ),
  'DPOP2-htu-hex-case': atPath(['/caf%c3%a9', '/caf%C3%A9'], ['/caf%C3%A9', '/caf%c3%a9']),
  'DPOP2-htu-empty-path': withHtu(publicUrl, `${publicUrl}/`),
  'DPOP2-htu-ipv6': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      const hosts = ['[::1]', '[0:0:0:0:0:0:0:1]', '[::0001]']
      return hosts.map((host) =>
        linesOf(token, proofOf(fixture, token, { claims: { htu: `http://${host}:3000/` } })),
      )
    },
    { publicUrl: 'http://[::1]:3000' },
  ),
  'DPOP2-htu-idn': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      const htu = 'https://bücher.example/'
      return [linesOf(token, proofOf(fixture, token, { claims: { htu } }))]
    },
    { publicUrl: 'https://bücher.example' },
  ),
  'DPOP2-htu-path-case': atPath(['/orders', '/Orders']),
  'DPOP2-htu-reserved': atPath(
    ['/users/a@b', '/users/a%40b'],
    ['/users/a%40b', '/users/a@b'],
    ['/users/a%2Fb', '/users/a/b'],
    ['/x;v=1', '/x%3Bv=1'],
  ),
  'DPOP2-htu-double-encoding': atPath(
    ['/orders/%7E', '/orders/%257E'],
    ['/orders/%252e%252e/x', '/orders/../x'],
  ),
  'DPOP2-htu-slashes': withHtu(
    `${publicUrl}//`,
    'https:///',
    '//api.example/',
    '/',
    'api.example/',
  ),
  'DPOP2-htu-userinfo': withHtu(
    'https://user@api.example/',
    'https://user:pw@api.example/',
    'https://api.example@evil.example/',
    'https://api.example%2F@evil.example/',
  ),
  'DPOP2-htu-ipv4-forms': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      return ['127.1', '0x7f000001', '2130706433', '0177.0.0.1'].map((host) =>
        linesOf(token, proofOf(fixture, token, { claims: { htu: `http://${host}:3000/` } })),
      )
    },
    { publicUrl: 'http://127.0.0.1:3000' },
  ),
  'DPOP2-htu-host': withHtu(
    ...['api.example.evil.com', 'evil.com', 'xapi.example', 'api.example.', 'localhost'].map(
      (host) => `https://${host}/`,
    ),
  ),
  'DPOP2-htu-scheme': withHtu(
    ...['http', 'ws', 'wss', 'ftp', 'file', 'javascript', 'HTTPSS'].map(
      (scheme) => `${scheme}://api.example/`,
    ),
  ),
  'DPOP2-htu-ipv6-zone': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      return ['[fe80::1%25eth0]', '[fe80::1%eth0]', '[::ffff:127.0.0.1]'].map((host) =>
        linesOf(token, proofOf(fixture, token, { claims: { htu: `http://${host}:3000/` } })),
      )
    },
    { publicUrl: ['http://[fe80::1]:3000', 'http://127.0.0.1:3000'], allowInsecureHttp: true },
  ),
  'DPOP2-proxy-tls-ends-before': withClaims({}),
  'DPOP2-proxy-prefix-kept': (fixture) => ({
    onlyOn: 'core',
    run: async (start) => {
      const options = dpopOptions({ publicUrl: `${publicUrl}/svc2`, prefix: 'kept' })
      const service = await start({ options })
      const token = boundToken(fixture)
      const htu = `${publicUrl}/svc2/orders`
      const lines = linesOf(token, proofOf(fixture, token, { claims: { htu } }))
      return service.send({ path: '/svc2/orders', lines })
    },
  }),
  'DPOP2-proxy-two-origins': (fixture) => {
    const token = boundToken(fixture)
    const urls = ['https://api.example/', 'https://api.internal:8443/', 'http://api.internal:8443/']
    const requests = (): readonly (readonly string[])[] =>
      urls.map((htu) => linesOf(token, proofOf(fixture, token, { claims: { htu } })))
    const setup = { publicUrl: [publicUrl, 'https://api.internal:8443'] }
    return inOrder(setup, ['200', '200', '401 invalid_dpop_proof'], requests, fixture)
  },
  'DPOP2-proxy-absolute-form': (fixture) => ({
    onlyOn: 'core',
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      return service.send({
        path: 'https://evil.example/',
        lines: linesOf(token, proofOf(fixture, token)),
      })
    },
  }),
  'DPOP2-proxy-forward-auth': withLines((fixture) => {
    const token = boundToken(fixture)
    const claims = { htm: 'POST', htu: `${publicUrl}/orders` }
    const headers = ['X-Original-URI: /orders', 'X-Original-Method: POST']
    return [[...linesOf(token, proofOf(fixture, token, { claims })), ...headers]]
  }),
  'DPOP2-iat-beyond': (fixture) =>
    withClaims(...[-66, 6, -3600, 3600].map((offset) => ({ iat: fixture.now + offset })))(fixture),
  'DPOP2-iat-float': (fixture) => withLateStart(fixture, { iat: fixture.now - 1.5 }),
  'DPOP2-iat-odd': withProofs(
    ['negative', { claims: { iat: -1 } }],
    ['1e400', { payload: '{"jti":"a","htm":"GET","htu":"x","ath":"x","iat":1e400}' }],
    ['milliseconds', { claims: { iat: 253_402_300_800 } }],
    ['text', { claims: { iat: 'now' } }],
  ),
  'DPOP2-exp-past': (fixture) =>
    withClaims({ exp: fixture.now - 10 }, { exp: 'soon' }, { nbf: fixture.now + 60 })(fixture),
  'DPOP2-nonce-missing': (fixture) => {
    const token = boundToken(fixture)
    return {
      ...nonceSetup(),
      lines: linesOf(token, proofOf(fixture, token)),
      check: async ({ headers }, service) => {
        const nonce = headers['dpop-nonce']
        if (!nonce || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(nonce)) throw new Error('no nonce')
        if (headers['cache-control'] !== 'no-store') throw new Error('may be cached')
        const again = await service.send({ lines: withNonce(fixture, nonce) })
        if (again.status !== 200) throw new Error('the nonce was not accepted')
      },
    }
  },
  'DPOP2-nonce-stale': (fixture) => staleNonce(fixture),
  'DPOP2-nonce-current-2xx': (fixture) => ({
    run: async (start) => {
      const service = await start(nonceSetup())
      const nonce = await nonceFrom(service, fixture)
      const outcome = await service.send({ lines: withNonce(fixture, nonce) })
      if ('dpop-nonce' in outcome.headers) throw new Error('the nonce was renewed too early')
      return outcome
    },
  }),
  'DPOP2-nonce-foreign': (fixture) =>
    [{ dpop: { nonceSecret: nonceSecret.toUpperCase() } }, { publicUrl: 'https://b.example' }].map(
      (changes): Scenario => ({
        run: async (start) => {
          const foreign = await start(nonceSetup(changes))
          const token = boundToken(fixture)
          const claims = { htu: `${changes.publicUrl ?? publicUrl}/` }
          const proof = proofOf(fixture, token, { claims })
          const { headers } = await foreign.send({ lines: linesOf(token, proof) })
          const service = await start(nonceSetup())
          const nonce = headers['dpop-nonce'] ?? 'missing'
          return service.send({ lines: withNonce(fixture, nonce) })
        },
      }),
    ),
  'DPOP2-nonce-future': (fixture) => ({
    run: async (start) => {
      const service = await start(nonceSetup())
      fixture.clock.jump(3600)
      const nonce = await nonceFrom(service, fixture)
      fixture.clock.jump(-3600)
      return service.send({ lines: withNonce(fixture, nonce) })
    },
  }),
  'DPOP2-nonce-type': (fixture) =>
    [1, null, [], { a: 1 }].map((nonce): Attempt => ({
      ...nonceSetup(),
      lines: withNonce(fixture, nonce),
    })),
  'DPOP2-nonce-two-instances': (fixture) => ({
    run: async (start) => {
      const used = new Set<string>()
      const store = {
        consume: ({ id }: { readonly id: string }) => !used.has(id) && Boolean(used.add(id)),
      }
      const setup = nonceSetup({ dpop: { nonceSecret, store } })
      const [one, two] = [await start(setup), await start(setup)]
      const nonce = await nonceFrom(one, fixture)
      const first = await two.send({ lines: withNonce(fixture, nonce) })
      if (first.status !== 200) return first
      fixture.clock.advance(1)
      return (await start(setup)).send({ lines: withNonce(fixture, nonce) })
    },
  }),
  'DPOP2-nonce-secret-rotation': (fixture) => ({
    run: async (start) => {
      const next = 'the next secret of at least 32 characters'
      const nonce = await nonceFrom(await start(nonceSetup()), fixture)
      const both = await start(nonceSetup({ dpop: { nonceSecret: [next, nonceSecret] } }))
      const accepted = await both.send({ lines: withNonce(fixture, nonce) })
      if (accepted.status !== 200) throw new Error('the old secret must still be accepted')
      const rotated = await start(nonceSetup({ dpop: { nonceSecret: [next] } }))
      return rotated.send({ lines: withNonce(fixture, nonce) })
    },
  }),
  'DPOP2-nonce-and-bad-proof': (fixture) => {
    const token = boundToken(fixture)
    return [{ claims: { htu: 'https://evil.example/' } }, { signer: other() }].map(
      (spec): Attempt => ({
        ...nonceSetup(),
        lines: linesOf(token, proofOf(fixture, token, spec)),
      }),
    )
  },
  'DPOP2-nonce-expired-token': (fixture) => {
    const token = boundToken(fixture, { iat: fixture.now - 120, exp: fixture.now - 60 })
    return { ...nonceSetup(), lines: linesOf(token, proofOf(fixture, token)) }
  },
  'DPOP2-ath-wrong': (fixture) => {
    const token = boundToken(fixture)
    const hash = sha256(token)
    const wrong = [
      sha256(fixture.token()),
      createHash('sha512').update(token).digest('base64url'),
      Buffer.from(hash, 'base64url').toString('hex'),
      `${hash}=`,
      `${hash}+`,
      sha256(`DPoP ${token}`),
      sha256(Buffer.from(token.split('.')[1]!, 'base64url')),
      Buffer.from(hash, 'base64url').subarray(0, 21).toString('base64url'),
    ]
    return wrong.map((ath): Attempt => ({
      options: dpopOptions(),
      lines: linesOf(token, proofOf(fixture, token, { claims: { ath } })),
    }))
  },
  'DPOP2-ath-swap': withLines((fixture) => [
    linesOf(
      boundToken(fixture, { sub: 'user-2' }),
      proofOf(fixture, boundToken(fixture, { sub: 'user-1' })),
    ),
  ]),
  'DPOP2-jkt-wrong-key': withLines((fixture) => {
    const token = boundToken(fixture)
    return [linesOf(token, proofOf(fixture, token, { key: other() }))]
  }),
  'DPOP2-jkt-malformed': (fixture) => {
    const jkt = thumbprint(publicJwk(client()))
    const bytes = Buffer.from(jkt, 'base64url')
    const malformed: readonly unknown[] = [
      jkt.slice(1),
      `${jkt}=`,
      bytes.toString('hex'),
      bytes.subarray(0, 20).toString('base64url'),
      bytes.toString('base64'),
      '',
      7,
      [jkt],
    ]
    return malformed.map((value): Attempt => {
      const token = boundToken(fixture, { cnf: { jkt: value } })
      return { options: dpopOptions(), lines: linesOf(token, proofOf(fixture, token)) }
    })
  },
  'DPOP2-jkt-exchanged': withLines((fixture) => {
    const token = boundToken(fixture, { act: { sub: 'svc-a' } })
    return [linesOf(token, proofOf(fixture, token))]
  }),
  'DPOP2-jkt-forwarded-own': withLines((fixture) => {
    const token = boundToken(fixture)
    return [linesOf(token, proofOf(fixture, token, { key: other() }))]
  }),
  'DPOP2-replay-same': (fixture) => {
    const token = boundToken(fixture)
    const lines = linesOf(token, proofOf(fixture, token))
    return inOrder({}, ['200', '401 invalid_dpop_proof'], () => [lines, lines], fixture)
  },
  'DPOP2-replay-new-iat': (fixture) => {
    const token = boundToken(fixture)
    const requests = (): readonly (readonly string[])[] =>
      [0, 1].map((offset) =>
        linesOf(
          token,
          proofOf(fixture, token, { claims: { jti: 'same', iat: fixture.now + offset } }),
        ),
      )
    return inOrder({}, ['200', '401 invalid_dpop_proof'], requests, fixture)
  },
  'DPOP2-replay-other-key': (fixture) => sameJtiOfTwoKeys(fixture),
  'DPOP2-replay-race': (fixture) => sharedStore(fixture, 25),
  'DPOP2-replay-separator': (fixture) => {
    const requests = (): readonly (readonly string[])[] =>
      [':a', '|a', 'a', `${thumbprint(publicJwk(other()))}:a`].map((jti) => {
        const token = boundToken(fixture)
        return linesOf(token, proofOf(fixture, token, { claims: { jti } }))
      })
    return inOrder({}, ['200', '200', '200', '200'], requests, fixture)
  },
  'DPOP2-replay-jti-text': (fixture) => {
    const texts = ['a', 'A', 'a ', '\u00e9', 'e\u0301', 'b', 'b\u0000']
    const requests = (): readonly (readonly string[])[] =>
      texts.map((jti) => {
        const token = boundToken(fixture)
        return linesOf(token, proofOf(fixture, token, { claims: { jti } }))
      })
    return inOrder(
      {},
      texts.map(() => '200'),
      requests,
      fixture,
    )
  },
  'DPOP2-replay-not-burnt': (fixture) => {
    const token = boundToken(fixture)
    const claims = { jti: 'seen' }
    const requests = (): readonly (readonly string[])[] => [
      linesOf(token, proofOf(fixture, token, { claims, signer: other() })),
      linesOf(token, proofOf(fixture, token, { claims, key: other() })),
      linesOf(token, proofOf(fixture, token, { claims })),
    ]
    return inOrder({}, ['401 invalid_dpop_proof', '401 invalid_token', '200'], requests, fixture)
  },
  'DPOP2-replay-after-403': (fixture) => ({
    run: async (start) => {
      const token = boundToken(fixture)
      const lines = linesOf(token, proofOf(fixture, token))
      const service = await start({
        options: dpopOptions(),
        guards: (api) => [api.requireScope('missing')],
      })
      const outcomes = [await service.send({ lines }), await service.send({ lines })]
      return requireOutcomes(outcomes, ['403 insufficient_scope', '401 invalid_dpop_proof'])
    },
  }),
  'DPOP2-replay-store-down': (fixture) =>
    brokenStores.map((store): Attempt => {
      const token = boundToken(fixture)
      return {
        options: dpopOptions({ dpop: { store } }),
        lines: linesOf(token, proofOf(fixture, token)),
        check: ({ headers }) => {
          if ('www-authenticate' in headers || !('retry-after' in headers)) {
            throw new Error('503 must have Retry-After and no challenge')
          }
        },
      }
    }),
  'DPOP2-replay-store-slow': (fixture) => {
    const store = {
      consume: () =>
        new Promise((resolve) => {
          setTimeout(resolve, 500, true)
        }),
    }
    const token = boundToken(fixture)
    return {
      options: dpopOptions({ dpop: { store } }),
      lines: linesOf(token, proofOf(fixture, token)),
    }
  },
  'DPOP2-replay-bounded': (fixture) => {
    const first = client()
    const keysOfClients = [first, other(), keyOf('ES256', 'P-256', 'third')]
    const requests = (): readonly (readonly string[])[] => {
      const sent = keysOfClients.map((key) => {
        const token = boundToken(fixture, {}, key)
        return linesOf(token, proofOf(fixture, token, { key }))
      })
      return [...sent, sent[0]!]
    }
    const expected = ['200', '200', '503', '401 invalid_dpop_proof']
    return inOrder({ dpop: { maxProofs: 2 } }, expected, requests, fixture)
  },
  'DPOP2-replay-restart': (fixture) => ({
    run: async (start) => {
      const token = boundToken(fixture)
      const lines = linesOf(token, proofOf(fixture, token))
      const used = await (await start({ options: dpopOptions() })).send({ lines })
      if (used.status !== 200) return used
      fixture.clock.advance(2)
      const restarted = await start({ options: dpopOptions() })
      fixture.clock.advance(1)
      const fresh = await restarted.send({ lines: linesOf(token, proofOf(fixture, token)) })
      if (fresh.status !== 200) throw new Error('a fresh proof must be accepted')
      return restarted.send({ lines })
    },
  }),
  'DPOP2-down-unbound': withLines((fixture) => {
    const token = fixture.token()
    return [linesOf(token, proofOf(fixture, token))]
  }),
  'DPOP2-down-both-lines': withLines((fixture) => {
    const token = boundToken(fixture)
    const proof = (): string => `DPoP: ${proofOf(fixture, token)}`
    return [
      [`Authorization: Bearer ${token}`, `Authorization: DPoP ${token}`, proof()],
      [`Authorization: Bearer ${token}, DPoP ${token}`, proof()],
    ]
  }),
  'DPOP2-down-required-bearer': withLines(
    (fixture) => {
      const token = fixture.token()
      const bearer = `Authorization: Bearer ${token}`
      return [[bearer], [bearer, `DPoP: ${proofOf(fixture, token)}`]]
    },
    { dpop: 'required' },
    {
      check: ({ headers }) => {
        const challenge = headers['www-authenticate'] ?? ''
        if (!challenge.startsWith('DPoP ') || challenge.includes('Bearer')) {
          throw new Error('only a DPoP challenge may be sent')
        }
      },
    },
  ),
  'DPOP2-down-off-scheme': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      return [linesOf(token, proofOf(fixture, token))]
    },
    { dpop: 'off' },
  ),
  'DPOP2-down-proof-alone': (fixture) =>
    ['allowed', 'required'].map((dpop): Attempt => ({
      options: dpopOptions({ dpop }),
      lines: [`DPoP: ${proofOf(fixture, boundToken(fixture))}`],
    })),
  'DPOP2-down-proof-alone-optional': (fixture) =>
    [proofOf(fixture, boundToken(fixture)), 'garbage'].map((proof): Attempt => ({
      options: dpopOptions({ optional: true }),
      guards: (api) => [api.requireAudience(audience)],
      lines: [`DPoP: ${proof}`],
    })),
  'DPOP2-down-token68': withLines((fixture) => {
    const token = boundToken(fixture)
    return [`${token}, x=y`, `${token} ${token}`, `token=${token}`].map((rest) => [
      `Authorization: DPoP ${rest}`,
      `DPoP: ${proofOf(fixture, token)}`,
    ])
  }),
  'DPOP2-down-query': (fixture) => {
    const token = boundToken(fixture)
    return {
      options: dpopOptions(),
      path: `/?access_token=${token}`,
      lines: [`DPoP: ${proofOf(fixture, token)}`],
    }
  },
  'DPOP2-chal-none-required': (): Attempt => ({
    options: dpopOptions({ dpop: 'required' }),
    lines: [],
    check: ({ headers }) => {
      const expected = 'DPoP realm="api", algs="ES256 EdDSA Ed25519 RS256 PS256"'
      if (headers['www-authenticate'] !== expected) throw new Error(headers['www-authenticate'])
    },
  }),
  'DPOP2-chal-scope': (fixture) => {
    const token = boundToken(fixture)
    return {
      options: dpopOptions(),
      guards: (api) => [api.requireScope('orders:write', 'orders:pay')],
      lines: linesOf(token, proofOf(fixture, token)),
      check: ({ headers }) => {
        const challenge = headers['www-authenticate']!
        const [bearer, dpop] = challenge.split(', DPoP ')
        if (bearer!.includes('error=') || !dpop!.includes('scope="orders:write orders:pay"')) {
          throw new Error(challenge)
        }
      },
    }
  },
  'DPOP2-chal-metadata': (): Attempt => ({
    options: dpopOptions({ resource: publicUrl }),
    lines: [],
    check: ({ headers }) => {
      const found = headers['www-authenticate']!.match(/resource_metadata="/g)
      if (found?.length !== 2) throw new Error(headers['www-authenticate'])
    },
  }),
  'DPOP2-chal-attempted': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const bad = boundToken(fixture, { exp: fixture.now - 60, iat: fixture.now - 90 })
      const challenges: string[] = []
      for (const lines of [[`Authorization: Bearer ${bad}`], linesOf(bad)]) {
        const { headers } = await service.send({ lines })
        challenges.push(headers['www-authenticate'] ?? '')
      }
      const hasError = challenges.flatMap((challenge) =>
        challenge.split(', DPoP ').map((one) => one.includes('error="invalid_token"')),
      )
      if (hasError.join() !== 'true,false,false,true') throw new Error(challenges.join())
      return service.send({ lines: ['Authorization: Basic eDp5'] })
    },
  }),
  'DPOP2-cache-skip': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const first = linesOf(token, proofOf(fixture, token))
      const fresh = (): readonly string[] => linesOf(token, proofOf(fixture, token))
      const sent = [first, fresh(), fresh(), linesOf(token), first]
      const wrong = linesOf(token, proofOf(fixture, token, { key: other() }))
      sent.push(wrong, [`Authorization: Bearer ${token}`], fresh())
      const outcomes: Outcome[] = []
      for (const lines of sent) outcomes.push(await service.send({ lines }))
      const [proof, bound] = ['401 invalid_dpop_proof', '401 invalid_token']
      requireOutcomes(outcomes, ['200', '200', '200', proof, proof, bound, bound, '200'])
      return { ...outcomes[3]!, error: null }
    },
  }),
  'DPOP2-chal-oracle': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const specs: readonly ProofSpec[] = [
        { signer: other() },
        { header: { jwk: { kty: 'XX' } } },
        { claims: { htm: 'POST' } },
        { claims: { htu: 'https://evil.example/' } },
        { claims: { ath: 'x' } },
        { claims: { iat: fixture.now - 3600 } },
      ]
      const outcomes: Outcome[] = []
      for (const spec of specs) {
        outcomes.push(await service.send({ lines: linesOf(token, proofOf(fixture, token, spec)) }))
      }
      const texts = outcomes.map(({ body, headers }) => body + headers['www-authenticate'])
      if (new Set(texts).size > 1) throw new Error('the refusals can be told apart')
      return outcomes.at(-1)!
    },
  }),
  'DPOP2-chal-503': (fixture) => ({
    run: async (start) => {
      const options = dpopOptions({ issuer: 'http://127.0.0.1:1' })
      const service = await start({ options })
      const token = boundToken(fixture, { iss: 'http://127.0.0.1:1' })
      const outcome = await service.send({ lines: linesOf(token, proofOf(fixture, token)) })
      if ('www-authenticate' in outcome.headers || 'dpop-nonce' in outcome.headers) {
        throw new Error('503 must have no challenge')
      }
      return outcome
    },
  }),
  'DPOP2-cache-flight': (fixture) => ({
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const [good, bad] = await Promise.all([
        service.send({ lines: linesOf(token, proofOf(fixture, token)) }),
        service.send({ lines: linesOf(token, proofOf(fixture, token, { signer: other() })) }),
      ])
      requireOutcomes([good], ['200'])
      return bad
    },
  }),
  'DPOP2-optional-bad': withLines(
    (fixture) => {
      const token = boundToken(fixture)
      const claims = { iat: fixture.now - 3600 }
      return [linesOf(token), linesOf(token, proofOf(fixture, token, { claims }))]
    },
    { optional: true },
  ),
  'DPOP2-preflight': (): Attempt => ({
    options: dpopOptions({ allowPreflight: true }),
    method: 'OPTIONS',
    lines: [
      'Origin: https://app.example',
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: authorization, dpop',
    ],
  }),
  'DPOP2-record': (fixture) => {
    const token = boundToken(fixture)
    return {
      options: dpopOptions(),
      lines: linesOf(token, proofOf(fixture, token, { claims: { jti: 'SECRET' } })),
      check: (_outcome, { records }) => {
        const text = JSON.stringify(records)
        if (text.includes('SECRET') || text.includes('dpop+jwt')) throw new Error(text)
      },
    }
  },
}

/** The cases for DPoP in other groups of the corpus. */
export const dpopInOtherGroups: Readonly<Record<'CACHE' | 'HTTP' | 'LEAK', Group>> = {
  CACHE: {
    'CACHE-dpop-bound': (fixture) => {
      const token = boundToken(fixture)
      const fresh = (): readonly string[] => linesOf(token, proofOf(fixture, token))
      const requests = (): readonly (readonly string[])[] => [
        ...[fresh(), fresh(), fresh()],
        linesOf(token, proofOf(fixture, token, { signer: other() })),
      ]
      return inOrder({}, ['200', '200', '200', '401 invalid_dpop_proof'], requests, fixture)
    },
  },
  HTTP: {
    'HTTP-method-override': (fixture) => ({
      run: async (start) => {
        const service = await start({ options: dpopOptions() })
        const token = boundToken(fixture)
        const override = 'X-HTTP-Method-Override: DELETE'
        const proof = proofOf(fixture, token, { claims: { htm: 'DELETE' } })
        const outcome = await service.send({ lines: [...linesOf(token, proof), override] })
        requireOutcomes([outcome], ['401 invalid_dpop_proof'])
        return service.send({ lines: [override] })
      },
    }),
  },
  LEAK: {
    // The comparison itself is tested in packages/core/test/lib/equal.test.ts.
    'LEAK-timing-cmp': (fixture) => {
      const token = boundToken(fixture)
      const hash = sha256(token)
      const otherThan = (character: string): string => (character === 'A' ? 'Q' : 'A')
      const almost = [
        otherThan(hash[0]!) + hash.slice(1),
        hash.slice(0, -1) + otherThan(hash.at(-1)!),
        'A'.repeat(43),
      ]
      return almost.map((ath): Attempt => ({
        options: dpopOptions(),
        lines: linesOf(token, proofOf(fixture, token, { claims: { ath } })),
      }))
    },
  },
}

/** A request whose handler sees this method, with a proof for another one. */
function withMethod(fixture: Fixture, method: string, htm: string): Scenario {
  return {
    onlyOn: 'core',
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      const token = boundToken(fixture)
      const lines = linesOf(token, proofOf(fixture, token, { claims: { htm } }))
      return service.send({ method, lines })
    },
  }
}

/** The used proofs of a new service start with the service. */
function withLateStart(fixture: Fixture, claims: Json): Scenario {
  return {
    run: async (start) => {
      const service = await start({ options: dpopOptions() })
      fixture.clock.advance(2)
      const token = boundToken(fixture)
      const iat = (claims['iat'] as number) + 2
      return service.send({ lines: linesOf(token, proofOf(fixture, token, { claims: { iat } })) })
    },
  }
}
