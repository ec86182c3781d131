import { describe, expect, test } from 'vitest'
import { FetchError, type Fetch } from '../../src/lib/fetch-json.ts'
import { discoverKeySet } from '../../src/jwks/discovery.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Which metadata URLs are requested, and which jwks_uri values are accepted.

const secure = 'https://as.example.com/x'
const signal = new AbortController().signal

interface Options {
  readonly issuer?: string
  readonly insecure?: boolean
  readonly discovery?: 'openid' | 'oauth'
  readonly metadataUri?: string
}

async function discover(respond: (url: string) => Response, options: Options = {}) {
  const { issuer = secure, insecure = false, discovery, metadataUri } = options
  const profile = { ...defaultProfile, ...(discovery && { discovery }) }
  const verifierOptions = {
    issuer,
    audience: 'order-service',
    allowInsecureHttp: true,
    profile,
    ...(metadataUri !== undefined && { metadataUri }),
  }
  const policy = createPolicy(verifierOptions, 'verifier').issuers.get(issuer)!
  const requests: string[] = []
  const fetch: Fetch = async (url, init) => {
    requests.push(init.signal === signal ? url : 'without the signal')
    return respond(url)
  }
  const found: unknown = await discoverKeySet(fetch, policy, { insecure, signal }).catch(
    (error: unknown) => error,
  )
  return { requests, found }
}

const openid = 'https://as.example.com/x/.well-known/openid-configuration'
const oauth = 'https://as.example.com/.well-known/oauth-authorization-server/x'
const serve = (metadata: object) => (): Response => Response.json(metadata)
const good = { issuer: secure, jwks_uri: 'https://as.example.com/jwks' }

describe('the metadata is requested', () => {
  test.each<[what: string, status: number, requests: readonly string[]]>([
    ['from one URL if the response is 200', 200, [openid]],
    ['from both URLs if the first response is 404', 404, [openid, oauth]],
    ['from both URLs if the first response is 499', 499, [openid, oauth]],
    ['from one URL if the response is 500', 500, [openid]],
    ['from one URL if the response is 408', 408, [openid]],
    ['from one URL if the response is 429', 429, [openid]],
  ])('%s', async (_what, status, requests) => {
    const respond = (url: string): Response => Response.json(good, url === openid ? { status } : {})
    const result = await discover(respond)
    expect(result.requests).toEqual(requests)
    const isServerFailure = status >= 500 || status === 408 || status === 429
    const message = `GET ${openid}: answered with status ${status}`
    if (isServerFailure) expect(result.found).toHaveProperty('message', message)
    else expect(result.found).toBe(good.jwks_uri)
  })

  test('from one URL if the connection fails', async () => {
    const { requests, found } = await discover(() => {
      throw new Error('refused')
    })
    expect(requests).toEqual([openid])
    expect(found).toBeInstanceOf(FetchError)
    expect(found).toHaveProperty('message', `GET ${openid}: refused`)
  })

  test('from the URL in metadataUri alone', async () => {
    const metadataUri = 'https://other.example.com/metadata'
    expect(await discover(serve(good), { metadataUri })).toEqual({
      requests: [metadataUri],
      found: good.jwks_uri,
    })
  })

  test.each([
    ['openid', openid],
    ['oauth', oauth],
  ] as const)('from one URL if the profile has the discovery %s', async (discovery, url) => {
    expect(await discover(serve(good), { discovery })).toEqual({
      requests: [url],
      found: good.jwks_uri,
    })
    const { requests, found } = await discover(() => new Response(null, { status: 404 }), {
      discovery,
    })
    expect(requests).toEqual([url])
    expect(found).toMatchObject({ message: `GET ${url}: answered with status 404`, status: 404 })
  })

  test.each([
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a list', () => Response.json([])],
    ['a JSON object with a duplicate member', () => new Response('{"a":1,"a":2}')],
    ['a body that is too large', () => new Response('x'.repeat(300_000))],
    ['a redirect', () => new Response(null, { status: 301, headers: { location: '/x' } })],
    ['a request for a credential', () => new Response(null, { status: 401 })],
  ])('from both URLs if the first response is %s', async (_what, first) => {
    const respond = (url: string): Response => (url === openid ? first() : Response.json(good))
    expect(await discover(respond)).toEqual({ requests: [openid, oauth], found: good.jwks_uri })
  })
})

test.each<[jwksUri: unknown]>([
  [undefined],
  ['/jwks'],
  [1],
  [['https://as.example.com/jwks']],
  ['https://u@as.example.com/jwks'],
  ['https://:p@as.example.com/jwks'],
])('a jwks_uri of %j is a ConfigError', async (jwksUri) => {
  const { found } = await discover(serve({ ...good, jwks_uri: jwksUri }), { insecure: true })
  expect(found).toEqual(
    new ConfigError(
      `The metadata of '${secure}' has no valid jwks_uri.`,
      "Set 'jwksUri' to the URL of the key set.",
    ),
  )
})

describe('jwks_uri', () => {
  const local = 'http://127.0.0.1/jwks'
  const plain = 'http://as.internal/jwks'
  type Row = readonly [issuer: string, jwksUri: string, insecure: boolean]

  test.each<Row>([
    [secure, good.jwks_uri, false],
    [secure, good.jwks_uri, true],
    [secure, local, true],
    [secure, plain, true],
    ['http://127.0.0.1', local, false],
    ['http://127.0.0.1', good.jwks_uri, false],
  ])('of issuer %s can be %s with allowInsecureHttp: %s', async (issuer, jwksUri, insecure) => {
    const { found } = await discover(serve({ issuer, jwks_uri: jwksUri }), { issuer, insecure })
    expect(found).toBe(jwksUri)
  })

  test.each<Row>([
    [secure, local, false],
    [secure, plain, false],
    [secure, 'file:///jwks', true],
    ['http://127.0.0.1', plain, false],
  ])('of issuer %s cannot be %s with allowInsecureHttp: %s', async (issuer, jwksUri, insecure) => {
    const { found } = await discover(serve({ issuer, jwks_uri: jwksUri }), { issuer, insecure })
    expect(found).toEqual(
      new ConfigError(
        `The jwks_uri in the metadata of '${issuer}' must be an https URL.`,
        'Fix it at the authorization server, or set allowInsecureHttp: true on a trusted network.',
      ),
    )
  })
})

test.each([
  ['another host', 'https://other.example', 'is for a different issuer: "https://other.example"'],
  ['a trailing slash', `${secure}/`, `is for a different issuer: "${secure}/"`],
  ['a line break', 'x"\n', String.raw`is for a different issuer: "x\"\u000a"`],
  ['200 characters', 'x'.repeat(200), `is for a different issuer: "${'x'.repeat(123)}"...`],
  ['undefined', undefined, 'does not name its issuer'],
  ['an array', [secure], 'does not name its issuer'],
])('metadata with a wrong issuer (%s) is a ConfigError', async (_what, issuer, problem) => {
  const { found } = await discover(serve({ ...good, issuer }))
  expect(found).toEqual(
    new ConfigError(
      `The metadata of '${secure}' ${problem}.`,
      "Set 'issuer' to the exact iss value of its tokens, including any trailing slash.",
    ),
  )
})
