import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { inspect } from 'node:util'
import { ConfigError, createVerifier, type AccessToken } from '@resource-server/core'
import { createSigningKey, createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dialects, type ExchangeRecord, nextHop, type NextHopOptions } from '../src/index.ts'
import { type Chain, startChain } from './chain.ts'
import { errorOf, formOf, secret, self, setUp, startService, target } from './support.ts'
import { privateKeyOf } from './keys.ts'
import { startTls, trustingFetch } from './tls.ts'

/** A case of the corpus, with more members that say what is tested and why. */
interface Case {
  readonly id: string
  readonly expect: { readonly status: number | null; readonly error: string | null }
}

const cases = JSON.parse(
  readFileSync(new URL('corpus/hop.json', import.meta.url), 'utf8'),
) as readonly Case[]

type Expected = Case['expect']
type Run = (expected: Expected) => Promise<void>

/** What the caller gets must be what the case says. */
const expectAnswer = async (chain: Chain, expected: Expected, raw = chain.raw()): Promise<void> => {
  const answer = await chain.call(raw)
  expect(answer).toMatchObject({ status: expected.status, error: expected.error })
  if (expected.status === 503) expect(answer.challenge).toBe(null)
  if (expected.status === 503) expect(answer.retryAfter).toBeGreaterThan(0)
}

const json = { 'content-type': 'application/json' }
const itt = 'urn:ietf:params:oauth:token-type:access_token'
const good = { access_token: 'x1', issued_token_type: itt, token_type: 'Bearer', expires_in: 120 }

/** A chain for each variant, because an outage blocks further exchanges. */
async function eachAltered(
  variants: readonly object[],
  expected: Expected,
  changes: Partial<NextHopOptions> = {},
): Promise<void> {
  for (const members of variants) {
    const chain = await startChain(changes)
    chain.issuer.tokenEndpoint.alter(members as Record<string, unknown>)
    await expectAnswer(chain, expected)
    const used = chain.service.received.length
    expect(used, inspect(members)).toBe(expected.status === 200 ? 1 : 0)
  }
}

async function eachReply(
  replies: readonly { status?: number; headers?: Record<string, string>; body: string | Buffer }[],
  expected: Expected,
): Promise<void> {
  for (const reply of replies) {
    const chain = await startChain()
    chain.issuer.tokenEndpoint.reply({ headers: json, ...reply })
    await expectAnswer(chain, expected)
    expect(chain.service.received).toEqual([])
  }
}

function expectConfigError(options: NextHopOptions, changes: Partial<NextHopOptions>): void {
  expect(() => nextHop({ ...options, ...changes }), inspect(changes)).toThrow(ConfigError)
}

const runs: Readonly<Record<string, Run>> = {
  'HOP-req-good': async (expected) => {
    const chain = await startChain()
    const raw = chain.raw()
    await expectAnswer(chain, expected, raw)
    expect(chain.exchanges()).toBe(1)
    const request = chain.issuer.tokenEndpoint.requests.at(0)!
    expect(request).toMatchObject({ client: self, authentication: 'basic' })
    expect(request.headers).toMatchObject({
      accept: 'application/json',
      'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded\b/),
    })
    expect(formOf(chain.issuer)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: raw,
      subject_token_type: itt,
      requested_token_type: itt,
      audience: target,
      scope: 'stock:read',
    })
    const received = chain.service.received.at(0)!
    expect(received.headers.authorization).toMatch(/^Bearer ey/)
    expect(received.headers.authorization).not.toContain(raw)
    expect(received.url).toBe('/stock/7')
  },
  'HOP-req-resource': async (expected) => {
    const resource = ['https://bill.example/a', 'https://bill.example/b']
    const audience = ['x', 'y']
    const all = Object.fromEntries([...resource, ...audience].map((name) => [name, ['stock:read']]))
    const clients = { [self]: { secret, targets: all } }
    const chain = await startChain({ resource, audience }, { clients })
    await expectAnswer(chain, expected)
    const { form } = chain.issuer.tokenEndpoint.requests.at(0)!
    expect(form.filter(([name]) => name === 'resource').map(([, value]) => value)).toEqual(resource)
    expect(form.filter(([name]) => name === 'audience').map(([, value]) => value)).toEqual(audience)
    expectConfigError(chain.options, { resource: 'https://bill.example/#a' })
    expectConfigError(chain.options, { resource: '/a' })
  },
  'HOP-req-encoding': async (expected) => {
    const odd = 'p%:+é'
    const scope = 'a+b c/d=e&f%g'
    const targets = { [target]: scope.split(' ') }
    const client = { id: self, secret: odd }
    const chain = await startChain(
      { client, scope },
      { clients: { [self]: { secret: odd, targets } } },
    )
    await expectAnswer(chain, expected)
    expect(formOf(chain.issuer)['scope']).toBe(scope)
  },
  'HOP-req-pkjwt': async (expected) => {
    const key = createSigningKey('ES256', 'k1')
    const client = { id: self, privateKey: { key: await privateKeyOf(key), kid: 'k1' } }
    const targets = { [target]: ['stock:read'] }
    const clients = { [self]: { publicKey: key.publicJwk, targets } }
    const chain = await startChain({ client }, { clients })
    chain.issuer.tokenEndpoint.refuse('server_error', { status: 503 })
    expect(await chain.call(chain.raw())).toMatchObject({ status: 503 })
    chain.issuer.tokenEndpoint.reset()
    // The endpoint accepts only an assertion with a new jti, for the issuer, that expires within a minute.
    await expectAnswer(chain, expected)
    const { requests } = chain.issuer.tokenEndpoint
    expect(requests.map(({ authentication }) => authentication)).toEqual(['assertion', 'assertion'])
    const forms = requests.map(({ form }) => Object.fromEntries(form))
    expect(new Set(forms.map((form) => form['client_assertion'])).size).toBe(2)
    expect(JSON.stringify(requests)).not.toContain('client_secret')
    const claims = JSON.parse(
      Buffer.from(
        String(forms.at(1)?.['client_assertion']).split('.').at(1) ?? '',
        'base64url',
      ).toString(),
    ) as object
    expect(claims).toMatchObject({ aud: chain.issuer.url })
  },
  'HOP-req-audience-self': async () => {
    const { options } = await setUp()
    expectConfigError(options, { audience: self })
    expectConfigError(options, { scope: '' })
    expectConfigError(options, { scope: '*' })
    expectConfigError(options, { tokenEndpoint: 'http://as.example/token' })
    expectConfigError(options, { origin: 'https://bill.example/v1' })
    expectConfigError(options, { origin: 'https://*.example' })
  },
  'HOP-req-public': async () => {
    const { options } = await setUp()
    expectConfigError(options, { client: { id: self } })
    expect(() =>
      nextHop({ ...options, client: { id: self, authentication: 'none' } }),
    ).not.toThrow()
  },
  'HOP-req-bound-subject': async (expected) => {
    const records: ExchangeRecord[] = []
    const chain = await startChain({ onExchange: (record) => records.push(record) })
    await chain.call(chain.raw())
    const client = chain.issuer.dpopClient()
    const token = client.token({ aud: self })
    const headers = client.headers({ token, url: 'https://orders.example/' })
    const answer = await chain.call(token, { ...headers })
    expect(answer).toMatchObject({ status: expected.status, challenge: null })
    expect(records.at(-1)).toMatchObject({
      outcome: 'unavailable',
      error: 'invalid_request',
      reason: expect.stringContaining('bound to a key'),
    })
    expect(chain.service.received).toHaveLength(1)
  },
  'HOP-res-itt-missing': async (expected) => {
    const members = { issued_token_type: undefined }
    await eachAltered([members], expected)
    const dialect = { ...dialects.rfc8693, issuedTokenTypes: [undefined] }
    await eachAltered([members], { status: 200, error: null }, { dialect })
  },
  'HOP-res-type-na': async (expected) => {
    const types = ['N_A', 'mac', '', undefined, 1]
    await eachAltered(
      types.map((token_type) => ({ token_type })),
      expected,
    )
    const cased = ['bearer', 'BEARER'].map((token_type) => ({ token_type }))
    await eachAltered(cased, { status: 200, error: null })
  },
  'HOP-res-type-dpop': async (expected) => {
    await eachAltered([{ token_type: 'DPoP' }], expected)
    await eachAltered([{ token_type: 'Bearer' }], expected, { dpop: true })
  },
  'HOP-res-expires': async () => {
    for (const [expires_in, isCached] of [
      [120, true],
      ['120', true],
      ...[undefined, -5, 0, 'soon', [], null].map((value) => [value, false] as const),
    ] as const) {
      const { issuer, hop, subject, exchanges } = await setUp()
      issuer.tokenEndpoint.alter({ expires_in })
      const caller = await subject()
      await hop.token(caller)
      await hop.token(caller)
      expect(exchanges(), inspect(expires_in)).toBe(isCached ? 1 : 2)
    }
    const records: ExchangeRecord[] = []
    const { issuer, hop, subject } = await setUp({ onExchange: (record) => records.push(record) })
    const { expires_in: _, ...rest } = good
    issuer.tokenEndpoint.reply({ body: `${JSON.stringify(rest).slice(0, -1)},"expires_in":1e400}` })
    await hop.token(await subject())
    expect(records).toMatchObject([{ outcome: 'exchanged', anomalies: ['lifetime_malformed'] }])
  },
  'HOP-res-expires-huge': async () => {
    const { issuer, hop, subject, exchanges } = await setUp()
    issuer.tokenEndpoint.alter({ expires_in: 315_360_000 })
    const caller = await subject({ expiresIn: 60 })
    await hop.token(caller)
    issuer.clock.advance(61)
    expect(await errorOf(hop.token(caller))).toMatchObject({ status: 401 })
    await hop.token(await subject({ expiresIn: 7200 }))
    expect(exchanges()).toBe(2)
    // Never for more than an hour.
    const lasting = await subject({ expiresIn: 90_000 })
    await hop.token(lasting)
    issuer.clock.advance(3600)
    await hop.token(lasting)
    expect(exchanges()).toBe(4)
  },
  'HOP-res-scope-wide': (expected) => eachAltered([{ scope: 'stock:read bills:admin' }], expected),
  'HOP-res-scope-absent': (expected) => eachAltered([{ scope: undefined }], expected),
  'HOP-res-same-token': async (expected) => {
    const chain = await startChain()
    const raw = chain.raw()
    chain.issuer.tokenEndpoint.alter({ access_token: raw })
    await expectAnswer(chain, expected, raw)
    expect(chain.service.received).toEqual([])
  },
  'HOP-res-html': async (expected) => {
    const html = { 'content-type': 'text/html' }
    const large = JSON.stringify({ ...good, more: 'x'.repeat(8 * 1024 * 1024) })
    const gzip = { ...json, 'content-encoding': 'gzip' }
    await eachReply(
      [
        { headers: html, body: '<h1>Back soon</h1>' },
        { headers: html, body: JSON.stringify(good) },
        { body: JSON.stringify([good]) },
        { body: JSON.stringify(good).slice(0, -3) },
        { body: '{"access_token":"x1",' + JSON.stringify(good).slice(1) },
        { body: large },
        { headers: gzip, body: gzipSync(large) },
        { status: 204, body: '' },
        { status: 302, headers: { location: 'https://elsewhere.example' }, body: '' },
      ],
      expected,
    )
  },
  'HOP-res-not-decoded': async (expected) => {
    const other = (await createTestIssuer()).forge.expired({ aud: 'another' })
    await eachAltered([{ access_token: other }], expected)
  },
  'HOP-err-invalid-grant': async (expected) => {
    const chain = await startChain()
    const raw = chain.raw()
    chain.issuer.tokenEndpoint.revoke(raw)
    await expectAnswer(chain, expected, raw)
    const { challenge, body } = await chain.call(raw)
    expect(challenge).toMatch(/^Bearer error="invalid_token"/)
    expect(challenge + body).not.toContain('revoked')
    expect(chain.exchanges()).toBe(1)
    // The cache of verified tokens has dropped it.
    const verifier = createVerifier({
      ...{ issuer: chain.issuer.url, audience: self, clock: chain.issuer.clock },
      jwks: { keys: [chain.issuer.key.publicJwk] },
    })
    onTestFinished(() => verifier.close())
    for (let round = 0; round < 2; round += 1) await verifier.verify(raw)
    const caller = await verifier.verify(raw)
    expect(verifier.health().cache?.hits).toBe(1)
    await errorOf(chain.hop.token(caller))
    await verifier.verify(raw)
    expect(verifier.health().cache?.hits).toBe(1)
  },
  'HOP-err-invalid-request-warm': async (expected) => {
    const chain = await startChain()
    await chain.call(chain.raw())
    chain.issuer.clock.advance(60)
    chain.issuer.tokenEndpoint.refuse('invalid_request')
    await expectAnswer(chain, expected)
    chain.issuer.clock.advance(600)
    expect(await chain.call(chain.raw())).toMatchObject({ status: 503, challenge: null })
  },
  'HOP-err-invalid-target': async (expected) => {
    const chain = await startChain({ audience: 'unknown-service' })
    await expectAnswer(chain, expected)
    await chain.call(chain.raw())
    expect(chain.exchanges()).toBe(1)
    chain.issuer.clock.advance(5)
    await chain.call(chain.raw())
    expect(chain.exchanges()).toBe(2)
  },
  'HOP-err-access-denied': async (expected) => {
    for (const status of [400, 403]) {
      const chain = await startChain()
      chain.issuer.tokenEndpoint.refuse('access_denied', { status })
      const raw = chain.raw()
      await expectAnswer(chain, expected, raw)
      await chain.call(raw)
      expect(chain.exchanges()).toBe(1)
      chain.issuer.clock.advance(10)
      chain.issuer.tokenEndpoint.reset()
      expect(await chain.call(raw)).toMatchObject({ status: 200 })
    }
  },
  'HOP-err-client': async (expected) => {
    const errors = ['invalid_client', 'unauthorized_client', 'unsupported_grant_type']
    for (const error of errors) {
      const chain = await startChain()
      chain.issuer.tokenEndpoint.refuse(error)
      await expectAnswer(chain, expected)
      expect(chain.hop.health()).toMatchObject({
        ok: false,
        reason: expect.stringContaining(error),
      })
      // At most one attempt in 5 seconds, whoever calls.
      for (let second = 0; second < 5; second += 1) {
        await expectAnswer(chain, expected)
        expect(chain.exchanges()).toBe(1)
        chain.issuer.clock.advance(1)
      }
      chain.issuer.tokenEndpoint.reset()
      expect(await chain.call(chain.raw())).toMatchObject({ status: 200 })
      expect(chain.hop.health()).toMatchObject({ ok: true })
    }
  },
  'HOP-err-insufficient-auth': async (expected) => {
    const chain = await startChain()
    const members = { acr_values: 'mfa', max_age: 300 }
    chain.issuer.tokenEndpoint.refuse('insufficient_user_authentication', { members })
    await expectAnswer(chain, expected)
    const { challenge } = await chain.call(chain.raw())
    expect(challenge).toContain('acr_values="mfa", max_age="300"')
    for (const error of ['consent_required', 'login_required', 'interaction_required']) {
      chain.issuer.tokenEndpoint.refuse(error)
      await expectAnswer(chain, expected)
    }
  },
  'HOP-err-429': async (expected) => {
    for (const [value, seconds] of [
      ['7', 7],
      [(date: number) => new Date(date + 7000).toUTCString(), 7],
      ['soon', undefined],
      [String(10 ** 9), 600],
    ] as const) {
      const chain = await startChain()
      const retry = typeof value === 'string' ? value : value(Date.parse(new Date().toUTCString()))
      const headers = { ...json, 'retry-after': retry }
      chain.issuer.tokenEndpoint.reply({ status: 429, headers, body: '{"error":"slow_down"}' })
      const raw = chain.raw({ expiresIn: 7200 })
      const answer = await chain.call(raw)
      expect(answer).toMatchObject({ status: expected.status, challenge: null })
      if (seconds === undefined) continue
      // A date is compared with the Date of the server, which may be a second later by then.
      expect(seconds - answer.retryAfter!).toBeLessThanOrEqual(1)
      chain.issuer.clock.advance(seconds - 2)
      expect((await chain.call(raw)).retryAfter).toBeLessThanOrEqual(2)
      expect(chain.exchanges()).toBe(1)
      chain.issuer.clock.advance(2)
      await chain.call(raw)
      expect(chain.exchanges()).toBe(2)
    }
  },
  'HOP-err-tls': async (expected) => {
    for (const kind of ['expired', 'otherHost', 'unknownAuthority', 'tls10'] as const) {
      const server = await startTls(kind, good)
      const chain = await startChain({ tokenEndpoint: server.url, fetch: trustingFetch() })
      await expectAnswer(chain, expected)
      expect(server.requests).toEqual([])
    }
    // The same server with a valid certificate.
    const server = await startTls('good', good)
    const chain = await startChain({ tokenEndpoint: server.url, fetch: trustingFetch() })
    expect(await chain.call(chain.raw())).toMatchObject({ status: 200 })
  },
  'HOP-err-unknown': async (expected) => {
    const hostile = `\r\nX: y<script>${'x'.repeat(1000)}`
    const records: ExchangeRecord[] = []
    const chain = await startChain({ onExchange: (record) => records.push(record) })
    chain.issuer.tokenEndpoint.refuse('weird', { description: hostile })
    await expectAnswer(chain, expected)
    expect(records.at(0)).toMatchObject({ error: 'weird', outcome: 'unavailable' })
    const odd = await startChain({ onExchange: (record) => records.push(record) })
    odd.issuer.tokenEndpoint.refuse('we"ird\n')
    await expectAnswer(odd, expected)
    // Only the form of an error code is kept, because it may become a label.
    expect(records.at(1)).not.toHaveProperty('error')
    const { reason = '' } = records.at(0)!
    expect(reason).toContain(String.raw`\u000d\u000aX: y<script>`)
    expect(reason.length).toBeLessThan(400)
    expect(reason).not.toMatch(/[\r\n]/)
    await eachReply(
      [
        { status: 400, body: '{"error":"weird"}' },
        { status: 400, headers: { 'content-type': 'text/plain' }, body: 'no' },
        { status: 400, body: '{"error":1}' },
        {
          status: 400,
          body: JSON.stringify({ error: 'x', error_description: hostile.repeat(1024) }),
        },
      ],
      expected,
    )
  },
  'HOP-cache-hit': async (expected) => {
    const chain = await startChain()
    const raw = chain.raw()
    await expectAnswer(chain, expected, raw)
    await expectAnswer(chain, expected, raw)
    expect(chain.exchanges()).toBe(1)
  },
  'HOP-cache-other-token': async () => {
    const { hop, subject, exchanges } = await setUp()
    const [first, second] = [await subject(), await subject({ claims: { acr: 'mfa' } })]
    const tokens = [await hop.token(first), await hop.token(second), await hop.token(first)]
    expect(exchanges()).toBe(2)
    expect(tokens[0]).toBe(tokens[2])
    expect(tokens.at(1)!.value).not.toBe(tokens.at(0)!.value)
  },
  'HOP-cache-two-issuers': async () => {
    const same = { sub: 'user-42', claims: { jti: 'id-1', preferred_username: 'alex' } }
    const [one, other] = [await setUp(), await setUp()]
    const tokens = [await one.hop.token(await one.subject(same))]
    tokens.push(await other.hop.token(await other.subject(same)))
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(2)
    expect([one.exchanges(), other.exchanges()]).toEqual([1, 1])
  },
  'HOP-cache-ttl': async () => {
    const { issuer, hop, subject, exchanges } = await setUp()
    issuer.tokenEndpoint.alter({ expires_in: 120 })
    const long = await subject({ expiresIn: 3600 })
    await hop.token(long)
    issuer.clock.advance(89)
    await hop.token(long)
    expect(exchanges()).toBe(1)
    issuer.clock.advance(1)
    await hop.token(long)
    expect(exchanges()).toBe(2)
    const short = await subject({ expiresIn: 50 })
    await hop.token(short)
    issuer.clock.advance(51)
    expect(await errorOf(hop.token(short))).toMatchObject({ status: 401, code: 'token_expired' })
  },
  'HOP-cache-bounded': async () => {
    const { issuer, hop, subject, exchanges } = await setUp({ cache: { maxTokens: 100 } })
    const raws = await Promise.all(
      Array.from({ length: 400 }, (_, at) => subject({ sub: `user-${at}` })),
    )
    for (const caller of raws) await hop.token(caller)
    expect(hop.health().cachedTokens).toBeLessThanOrEqual(100)
    const { length: before } = issuer.tokenEndpoint.requests
    await hop.token(raws.at(-1)!)
    expect(exchanges()).toBe(before)
    await hop.token(raws.at(0)!)
    expect(exchanges()).toBe(before + 1)
    const printed = JSON.stringify(hop) + inspect(hop, { depth: 20, showHidden: true })
    expect(printed).not.toMatch(/ey[\w-]{20}/)
  },
  'HOP-flight': async () => {
    const { hop, subject, exchanges } = await setUp()
    const caller = await subject()
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => hop.token(caller)))
    expect(exchanges()).toBe(1)
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1)
  },
  'HOP-flight-fail': async (expected) => {
    const { issuer, hop, subject, exchanges } = await setUp()
    const caller = await subject()
    issuer.tokenEndpoint.refuse('server_error', { status: 503 })
    const errors = await Promise.all(Array.from({ length: 10 }, () => errorOf(hop.token(caller))))
    expect(new Set(errors).size).toBe(10)
    expect(errors.map(({ status }) => status)).toEqual(Array(10).fill(expected.status))
    expect(exchanges()).toBe(1)
    issuer.tokenEndpoint.reset()
    await hop.token(caller)
    expect(exchanges()).toBe(2)
  },
  'HOP-flight-user-mix': async () => {
    const [one, other] = [await setUp(), await setUp()]
    const callers = await Promise.all([
      ...[one.subject({ sub: 'a' }), one.subject({ sub: 'b' }), other.subject({ sub: 'a' })],
    ])
    const tokens = await Promise.all([
      ...[
        one.hop.token(callers.at(0)!),
        one.hop.token(callers.at(1)!),
        other.hop.token(callers.at(2)!),
      ],
    ])
    expect([one.exchanges(), other.exchanges()]).toEqual([2, 1])
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(3)
  },
  'HOP-down-origin-quirks': async () => {
    const service = await startService()
    const reached: string[] = []
    const { hop, subject } = await setUp({
      origin: service.origin,
      fetch: (url, init) => {
        reached.push(new URL(url).host)
        return fetch(url, init)
      },
    })
    const caller = await subject()
    const paths = [
      ...['@evil.example/', ':8443/x', '/..//evil.example', 'http:evil.example'],
      ...['./\\evil.example', '%2f%2fevil.example'],
      ...['?u=https://evil.example', '#@evil.example', ''],
    ]
    for (const path of paths) {
      await hop.fetch(caller, path).catch((error: unknown) => {
        expect(error, path).toBeInstanceOf(ConfigError)
        expect(paths.indexOf(path)).toBeLessThan(6)
      })
    }
    expect(service.received.length).toBeGreaterThanOrEqual(3)
    expect(reached.every((host) => host.startsWith('127.0.0.1:'))).toBe(true)
  },
  'HOP-down-origin-suffix': async () => {
    const { hop, subject, exchanges } = await setUp({ origin: 'https://bill.example' })
    const caller = await subject()
    for (const url of [
      ...['https://bill.example.evil/x', 'https://bill.example@evil.example/x'],
      ...['https://bill.example:444/x', 'http://bill.example/x', '//evil.example/x'],
      ...['/\\evil.example', 'https://user:pw@bill.example/x'],
    ]) {
      await expect(hop.fetch(caller, url), url).rejects.toThrow(ConfigError)
    }
    expect(exchanges()).toBe(0)
  },
  'HOP-down-headers': async (expected) => {
    const chain = await startChain({}, {}, async (hop, token, req, res) => {
      const response = await hop.fetch(token, '/', {
        headers: req.headers as Record<string, string>,
      })
      res.send(await response.text())
    })
    const raw = chain.raw()
    const headers = { cookie: 'a=b', dpop: 'x.y.z', 'x-forwarded-for': '1.2.3.4', accept: 'a/b' }
    const answer = await chain.call(raw, { authorization: `Bearer ${raw}`, ...headers })
    expect(answer).toMatchObject({ status: expected.status })
    const { rawHeaders, headers: sent } = chain.service.received.at(0)!
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'authorization')).toHaveLength(1)
    expect(rawHeaders.join(' ')).not.toContain(raw)
    expect(sent).toMatchObject({ accept: 'a/b', 'x-forwarded-for': '1.2.3.4' })
    expect(sent).not.toHaveProperty('cookie')
    expect(sent).not.toHaveProperty('dpop')
  },
  'HOP-down-401-retry': async (expected) => {
    const chain = await startChain()
    const refused = new Set<string | undefined>()
    chain.service.respond = ({ headers }, response) => {
      if (refused.size === 0) refused.add(headers.authorization)
      const isRefused = refused.has(headers.authorization)
      response.writeHead(isRefused ? 401 : 200).end()
    }
    await expectAnswer(chain, expected)
    expect([chain.exchanges(), chain.service.received.length]).toEqual([2, 2])
    chain.service.respond = (_request, response) => response.writeHead(401).end()
    expect(await chain.call(chain.raw())).toMatchObject({ status: 401 })
    expect([chain.exchanges(), chain.service.received.length]).toEqual([4, 4])
  },
  'HOP-down-401-relay': async (expected) => {
    const chain = await startChain({}, {}, async (hop, token, _req, res) => {
      res.send(await hop.relay(await hop.fetch(token, '/')).text())
    })
    const challenge = 'Bearer realm="stock", error="invalid_token"'
    chain.service.respond = (_request, response) =>
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    expect(await chain.call(chain.raw())).toMatchObject({
      status: expected.status,
      challenge: null,
    })
    const others: readonly (readonly [number, Record<string, string>, object])[] = [
      [
        403,
        { 'www-authenticate': 'Bearer error="insufficient_scope"' },
        { status: 403, challenge: null },
      ],
      [429, { 'retry-after': '7' }, { status: 503, retryAfter: 7 }],
      [429, { 'retry-after': '100000' }, { status: 503, retryAfter: 600 }],
      [503, { 'retry-after': '0' }, { status: 503, retryAfter: 1 }],
      [503, {}, { status: 503, retryAfter: 1 }],
      [200, {}, { status: 200 }],
    ]
    for (const [status, headers, answer] of others) {
      chain.service.respond = (_request, response) => response.writeHead(status, headers).end()
      expect(await chain.call(chain.raw())).toMatchObject(answer)
    }
  },
  'HOP-down-timeout': async (expected) => {
    let patience = 50
    const chain = await startChain({}, {}, async (hop, token, _req, res) => {
      const response = await hop.fetch(token, '/', { signal: AbortSignal.timeout(patience) })
      res.send(await response.text())
    })
    chain.service.respond = () => {}
    const raw = chain.raw()
    expect(await chain.call(raw)).toMatchObject({ status: expected.status, challenge: null })
    chain.service.respond = (_request, response) => response.end('ok')
    patience = 30_000
    expect(await chain.call(raw)).toMatchObject({ status: 200 })
    expect(chain.exchanges()).toBe(1)
  },
  'HOP-record': async () => {
    const records: ExchangeRecord[] = []
    const { issuer, hop, subject } = await setUp({ onExchange: (record) => records.push(record) })
    const caller = await subject({ claims: { jti: 'id-1' } })
    await hop.token(caller)
    await hop.token(caller)
    const common = {
      ...{ version: 1, kind: 'exchange', issuer: issuer.url, subject: 'user-42', clientId: self },
      ...{ target: [target], requestedScopes: ['stock:read'], scopes: ['stock:read'] },
      ...{ subjectJti: 'id-1', jti: expect.any(String), decisionId: expect.any(String) },
      ...{ durationMs: expect.any(Number), time: new Date(issuer.clock.now()).toISOString() },
    }
    expect(records).toEqual([
      { ...common, outcome: 'exchanged' },
      { ...common, outcome: 'cached', cache: 'memory' },
    ])
    expect(JSON.stringify(records)).not.toMatch(/ey[\w-]{20}/)
  },
  'HOP-never-passthrough': async (expected) => {
    const chain = await startChain()
    chain.issuer.stop()
    // The verifier knows the keys already; only the exchange fails.
    const verifier = createVerifier({
      ...{ issuer: chain.issuer.url, audience: self, clock: chain.issuer.clock },
      jwks: { keys: [chain.issuer.key.publicJwk] },
    })
    onTestFinished(() => verifier.close())
    const caller: AccessToken = await verifier.verify(chain.raw())
    expect(await errorOf(chain.hop.fetch(caller, '/'))).toMatchObject({ status: expected.status })
    expect(chain.service.received).toEqual([])
  },
}

describe('the corpus', () => {
  test('has no case without a test, and no test without a case', () => {
    expect(Object.keys(runs)).toEqual(cases.map(({ id }) => id))
  })

  test.each(cases)('$id', async ({ id, expect: expected }) => {
    await runs[id]?.(expected)
  })
})
