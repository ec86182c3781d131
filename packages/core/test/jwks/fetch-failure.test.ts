import { describe, expect, test } from 'vitest'
import { createVerifier, type Fetch } from '../../src/index.ts'
import { describeFailure, errorFrom, metadataError } from '../../src/jwks/fetch-failure.ts'
import { FetchError } from '../../src/lib/fetch-json.ts'

// What an operator reads when metadata or keys cannot be fetched: each URL, its response, and what to do.

const issuer = 'https://as.example.com/x'
const openid = 'https://as.example.com/x/.well-known/openid-configuration'
const oauth = 'https://as.example.com/.well-known/oauth-authorization-server/x'
const jwksUri = 'https://as.example.com/jwks'

type Respond = (url: string) => Response

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = `${encode({ alg: 'ES256' })}.${encode({ iss: issuer })}.AAAA`

/** The reason of the refusal of a token while the issuer responds like this. */
async function reasonWhile(respond: Respond, options: object = {}): Promise<string> {
  const fetch: Fetch = async (url) => respond(url)
  const verifier = createVerifier({ issuer, audience: 'order-service', fetch, ...options })
  const result = await verifier.check(token)
  const lastError = verifier.health().issuers.at(0)?.lastError
  verifier.close()
  if (result.ok || result.outcome !== 'unavailable') throw new Error('not unavailable')
  expect(result.reason).toContain(lastError)
  return result.reason.replace(`JWKS of '${issuer}' is unavailable: not fetched yet `, '')
}

const status = (number: number, headers: Record<string, string> = {}): Response =>
  new Response(null, { status: number, headers })
const failing = (code: string): never => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error(`it ${code}`), { code }) })
}
const html = (): Response => new Response('<html>', { headers: { 'content-type': 'text/html' } })
const metadata = (): Response => Response.json({ issuer, jwks_uri: jwksUri })

const advice = {
  unreachable: "set 'jwksUri' to a URL of the key set that this service can reach",
  untrusted: 'set NODE_EXTRA_CA_CERTS',
  moved: "Set 'issuer' to the value in the tokens, and 'jwksUri' to the URL of the key set",
  protected: "Pass a 'fetch' that sends it, or set 'jwks' to the keys",
  missing: "Check 'issuer'. If the authorization server has no metadata, set 'jwksUri'",
} as const

describe('if the metadata cannot be fetched, the reason names every URL and response:', () => {
  const unusable = 'answered with status 200 and an unusable body ("text/html", not JSON)'
  type Row = readonly [
    what: string,
    respond: Respond,
    failures: readonly string[],
    advice: keyof typeof advice | undefined,
  ]
  test.each<Row>([
    [
      '404 from both',
      () => status(404),
      [`GET ${openid}: answered with status 404`, `GET ${oauth}: answered with status 404`],
      'missing',
    ],
    [
      'a page from both',
      html,
      [`GET ${openid}: ${unusable}`, `GET ${oauth}: ${unusable}`],
      'missing',
    ],
    [
      '401 and 404, as from Kubernetes',
      (url) => status(url === openid ? 401 : 404),
      [`GET ${openid}: answered with status 401`, `GET ${oauth}: answered with status 404`],
      'protected',
    ],
    [
      'a redirect and 403',
      (url) => (url === openid ? status(301, { location: '/x' }) : status(403)),
      [
        `GET ${openid}: answered with status 301 (a redirect to "/x", which is not followed)`,
        `GET ${oauth}: answered with status 403`,
      ],
      'moved',
    ],
    ['500', () => status(500), [`GET ${openid}: answered with status 500`], undefined],
    [
      '404 and 503',
      (url) => status(url === openid ? 404 : 503),
      [`GET ${openid}: answered with status 404`, `GET ${oauth}: answered with status 503`],
      'missing',
    ],
    ['429', () => status(429), [`GET ${openid}: answered with status 429`], undefined],
    ['408', () => status(408), [`GET ${openid}: answered with status 408`], undefined],
    [
      '404, then 429',
      (url) => status(url === openid ? 404 : 429),
      [`GET ${openid}: answered with status 404`, `GET ${oauth}: answered with status 429`],
      'missing',
    ],
    ...[
      'ENOTFOUND',
      'EAI_AGAIN',
      'ECONNREFUSED',
      'ETIMEDOUT',
      'UND_ERR_CONNECT_TIMEOUT',
      'EHOSTUNREACH',
    ].map((code): Row => [
      code,
      () => failing(code),
      [`GET ${openid}: fetch failed: it ${code}`],
      'unreachable',
    ]),
    ...[
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ].map((code): Row => [
      code,
      () => failing(code),
      [`GET ${openid}: fetch failed: it ${code}`],
      'untrusted',
    ]),
    [
      'a connection that was reset',
      () => failing('ECONNRESET'),
      [`GET ${openid}: fetch failed: it ECONNRESET`],
      undefined,
    ],
  ])('%s', async (_what, respond, failures, kind) => {
    const reason = await reasonWhile(respond)
    const cause = `(${failures.join('; ')})`
    if (kind === undefined) expect(reason).toBe(cause)
    else {
      expect(reason.startsWith(`${cause}. `)).toBe(true)
      expect(reason).toContain(advice[kind])
    }
  })

  test('not a page at the first URL, if the second one has the metadata', async () => {
    const respond: Respond = (url) => {
      if (url === openid) return html()
      return url === oauth ? metadata() : status(418)
    }
    const reason = await reasonWhile(respond)
    expect(reason).toMatch(/^\(GET https:\/\/as\.example\.com\/jwks: answered with status 418\)/)
  })
})

describe('if the key set cannot be fetched, the reason names its URL and says what to do:', () => {
  test.each<readonly [what: string, respond: () => Response, advice: string]>([
    ['404', () => status(404), "Check 'jwksUri', or the jwks_uri in the metadata"],
    ['a page', html, "Check 'jwksUri', or the jwks_uri in the metadata"],
    ['ENOTFOUND', () => failing('ENOTFOUND'), advice.unreachable],
    ['302', () => status(302), "Set 'jwksUri' to the final URL of the key set"],
    ['403', () => status(403), 'The key set needs a credential.'],
    ['a certificate', () => failing('CERT_HAS_EXPIRED'), advice.untrusted],
  ])('%s', async (_what, respond, text) => {
    const options = { jwksUri: `${jwksUri}?secret=1` }
    const reason = await reasonWhile(respond, options)
    expect(reason).toContain(`(GET ${jwksUri}: `)
    expect(reason).not.toContain('secret')
    expect(reason.toLowerCase()).toContain(text.toLowerCase())
    const discovered = await reasonWhile((url) => (url === openid ? metadata() : respond()))
    expect(discovered.toLowerCase()).toContain(text.toLowerCase())
  })
})

test('a timeout has the advice about an issuer that cannot be reached', () => {
  const timeout = new FetchError('no answer within 5000 ms')
  expect(errorFrom(openid, timeout.message, timeout, 'metadata').advice).toBe(
    'If this service reaches the authorization server at a different address than the clients do (Docker, ' +
      "Kubernetes), keep 'issuer' as it is in the tokens, and set 'jwksUri' to a URL of the key set that this " +
      'service can reach',
  )
})

test('the advice is about the key set unless the metadata was requested', () => {
  const cause = new FetchError('answered with status 404', 404)
  expect(errorFrom(jwksUri, cause.message, cause).advice).toContain("Check 'jwksUri'")
  expect(errorFrom(jwksUri, cause.message, cause, 'metadata').advice).toContain("Check 'issuer'")
})

describe('describeFailure', () => {
  test('returns the message and the advice', () => {
    const cause = new FetchError('answered with status 302', 302)
    expect(describeFailure(errorFrom(jwksUri, cause.message, cause))).toBe(
      `GET ${jwksUri}: answered with status 302. Set 'jwksUri' to the final URL of the key set`,
    )
  })

  test.each([
    ['answered after 5.2 s', 'answered after 5.2 s'],
    ['answered after 5.2 s.', 'answered after 5.2 s'],
  ])('returns the message %j without advice and final period: %j', (message, described) => {
    expect(describeFailure(new Error(message))).toBe(described)
  })
})

test('the error about the metadata has the status of the last response and the longest delay', () => {
  const attempts = [
    { url: openid, error: new FetchError('a', 404, 90) },
    { url: oauth, error: new FetchError('b', 503, 30) },
  ]
  expect(metadataError(attempts)).toMatchObject({ status: 503, retryAfter: 90 })
  expect(metadataError([{ url: openid, error: new FetchError('a') }])).toMatchObject({
    status: undefined,
    retryAfter: undefined,
  })
})

test('health() has the advice for the last failure, and none for a failure without one', async () => {
  const healthWhile = async (respond: () => Response): Promise<object | undefined> => {
    const fetch: Fetch = async () => respond()
    const verifier = createVerifier({ issuer, audience: 'order-service', fetch, jwksUri })
    await verifier.check(token)
    const [health] = verifier.health().issuers
    verifier.close()
    return health
  }
  const missing = "Check 'jwksUri', or the jwks_uri in the metadata"
  expect(await healthWhile(() => status(404))).toHaveProperty(
    'advice',
    expect.stringContaining(missing),
  )
  expect(await healthWhile(() => failing('ECONNRESET'))).not.toHaveProperty('advice')
})
