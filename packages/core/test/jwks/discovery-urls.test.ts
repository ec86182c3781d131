import { describe, expect, test } from 'vitest'
import { FetchError, type Fetch } from '../../src/lib/fetch-json.ts'
import { discoverKeySet } from '../../src/jwks/discovery.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Which addresses are asked for the metadata, and which address of a key set is taken from it.

const secure = 'https://as.example.com/x'
const signal = new AbortController().signal

interface Setting {
  readonly issuer?: string
  readonly insecure?: boolean
  readonly discovery?: 'openid' | 'oauth'
}

async function discover(answer: (url: string) => Response, setting: Setting = {}) {
  const { issuer = secure, insecure = false, discovery } = setting
  const profile = { ...defaultProfile, ...(discovery && { discovery }) }
  const options = { issuer, audience: 'order-service', allowInsecureHttp: true, profile }
  const policy = createPolicy(options, 'verifier').issuers.get(issuer)!
  const asked: string[] = []
  const fetch: Fetch = async (url, init) => {
    asked.push(init.signal === signal ? url : 'without the signal')
    return answer(url)
  }
  const found: unknown = await discoverKeySet(fetch, policy, { insecure, signal }).catch(
    (error: unknown) => error,
  )
  return { asked, found }
}

const openid = 'https://as.example.com/x/.well-known/openid-configuration'
const oauth = 'https://as.example.com/.well-known/oauth-authorization-server/x'
const serve = (metadata: object) => (): Response => Response.json(metadata)
const good = { issuer: secure, jwks_uri: 'https://as.example.com/jwks' }

describe('the metadata is asked for', () => {
  test.each<[what: string, status: number, asked: readonly string[]]>([
    ['at one address where it is', 200, [openid]],
    ['at both where it is absent', 404, [openid, oauth]],
    ['at both where it is refused', 499, [openid, oauth]],
    ['at one address in an outage', 500, [openid]],
  ])('%s', async (_what, status, asked) => {
    const answer = (url: string): Response => Response.json(good, url === openid ? { status } : {})
    const result = await discover(answer)
    expect(result.asked).toEqual(asked)
    if (status < 500) expect(result.found).toBe(good.jwks_uri)
    else expect(result.found).toEqual(new FetchError('answered with status 500', 500))
  })

  test('at one address where it cannot be connected to', async () => {
    const { asked, found } = await discover(() => {
      throw new Error('refused')
    })
    expect(asked).toEqual([openid])
    expect(found).toEqual(new FetchError('refused'))
  })

  test.each([
    ['openid', openid],
    ['oauth', oauth],
  ] as const)('where the profile says %s, there alone', async (discovery, url) => {
    expect(await discover(serve(good), { discovery })).toEqual({
      asked: [url],
      found: good.jwks_uri,
    })
    const { asked, found } = await discover(() => new Response(null, { status: 404 }), {
      discovery,
    })
    expect(asked).toEqual([url])
    expect(found).toEqual(new FetchError('answered with status 404', 404))
  })
})

test.each<[jwksUri: unknown]>([
  ...[[undefined], ['/jwks'], [1], [['https://as.example.com/jwks']]],
  ...[['https://u@as.example.com/jwks'], ['https://:p@as.example.com/jwks']],
] as [unknown][])('a jwks_uri of %j is none', async (jwksUri) => {
  const { found } = await discover(serve({ ...good, jwks_uri: jwksUri }), { insecure: true })
  expect(found).toEqual(
    new ConfigError(
      `The metadata of '${secure}' has no usable jwks_uri.`,
      'Set jwksUri to where its keys are.',
    ),
  )
})

describe('an encrypted key set', () => {
  const [local, plain] = ['http://127.0.0.1/jwks', 'http://as.internal/jwks']
  test.each<[issuer: string, jwksUri: string, insecure: boolean, taken: boolean]>([
    [secure, good.jwks_uri, false, true],
    [secure, good.jwks_uri, true, true],
    [secure, local, false, false],
    [secure, plain, false, false],
    [secure, local, true, true],
    [secure, plain, true, true],
    [secure, 'file:///jwks', true, false],
    ['http://127.0.0.1', local, false, true],
    ['http://127.0.0.1', plain, false, false],
    ['http://127.0.0.1', good.jwks_uri, false, true],
  ])('of %s at %s, plain http allowed %s: taken %s', async (issuer, jwksUri, insecure, taken) => {
    const metadata = { issuer, jwks_uri: jwksUri }
    const { found } = await discover(serve(metadata), { issuer, insecure })
    const refused = new ConfigError(
      `The metadata of '${issuer}' names a key set that is not https.`,
      'Mend it at the authorization server; on a trusted network, allowInsecureHttp: true permits it.',
    )
    expect(found).toEqual(taken ? jwksUri : refused)
  })
})

test.each([
  ['https://other.example', '"https://other.example"'],
  [`${secure}/`, `"${secure}/"`],
  ['x"\n', String.raw`"x\"\n"`],
  ['x'.repeat(200), `"${'x'.repeat(128)}"`],
  [undefined, 'nothing'],
  [[secure], 'nothing'],
])('another issuer, %j, is shown', async (issuer, shown) => {
  const { found } = await discover(serve({ ...good, issuer }))
  expect(found).toEqual(
    new ConfigError(
      `The metadata of '${secure}' is of another issuer: ${shown}.`,
      'Set issuer to exactly what the tokens say in iss; a trailing slash counts.',
    ),
  )
})
