import {
  entra,
  keycloak,
  springAuthorizationServer,
  zitadel,
} from '@resource-server/core/providers'
import { createVerifier } from '@resource-server/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dialects, nextHop } from '../src/index.ts'
import { errorOf, formOf, secret, self, setUp, target } from './support.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const jwt = 'urn:ietf:params:oauth:token-type:jwt'

describe('Keycloak', () => {
  test('gets a request for an access token, and may add its default scopes', async () => {
    const { options, issuer, subject } = await setUp({}, { path: '/realms/shop' })
    issuer.tokenEndpoint.alter({ scope: 'email stock:read profile' })
    const hop = nextHop({ ...options, issuer: keycloak(issuer.url) })
    expect(await hop.token(await subject())).toMatchObject({
      scopes: ['email', 'stock:read', 'profile'],
    })
    expect(formOf(issuer)).toMatchObject({ requested_token_type: accessToken, audience: target })
  })
})

describe('Spring Authorization Server', () => {
  const clients = {
    [self]: { secret, targets: { [target]: ['stock:read', 'stock:write'] } },
  }

  test('gets a token of this service as the actor token, which is renewed before it expires', async () => {
    const { options, issuer, subject } = await setUp({}, { clients })
    const hop = nextHop({ ...options, issuer: springAuthorizationServer(issuer.url) })
    const exchanged = await hop.token(await subject())
    await hop.token(await subject())
    const grants = (): readonly string[] =>
      issuer.tokenEndpoint.requests.map(
        ({ form }) => form.find(([name]) => name === 'grant_type')?.[1] ?? '',
      )
    const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
    expect(grants()).toEqual(['client_credentials', exchange, exchange])
    expect(formOf(issuer)).toMatchObject({ actor_token_type: accessToken })
    const verifier = createVerifier({ issuer: issuer.url, audience: target, clock: issuer.clock })
    onTestFinished(() => verifier.close())
    const { actor } = await verifier.verify(exchanged.value)
    expect(actor).toMatchObject({ subject: self })
    issuer.clock.advance(270)
    await hop.token(await subject())
    expect(grants().slice(3)).toEqual(['client_credentials', exchange])
  })

  test('gets no actor token with actorToken: false', async () => {
    const { options, issuer, subject } = await setUp({}, { clients })
    const changed = { issuer: springAuthorizationServer(issuer.url), actorToken: false }
    await nextHop({ ...options, ...changed }).token(await subject())
    expect(formOf(issuer)).not.toHaveProperty('actor_token')
  })

  test('without an actor token is 503 for the caller, whatever the refusal', async () => {
    const { options, issuer, subject, exchanges } = await setUp({}, { clients })
    issuer.tokenEndpoint.refuse('invalid_scope')
    const hop = nextHop({ ...options, issuer: springAuthorizationServer(issuer.url) })
    expect(await errorOf(hop.token(await subject()))).toMatchObject({
      status: 503,
      code: 'exchange_misconfigured',
      reason: expect.stringContaining('requesting the actor token failed'),
    })
    await errorOf(hop.token(await subject()))
    expect(exchanges()).toBe(1)
  })

  test('calls at the same time share one actor token', async () => {
    const { options, issuer, subject, exchanges } = await setUp({}, { clients })
    const hop = nextHop({ ...options, issuer: springAuthorizationServer(issuer.url) })
    const callers = await Promise.all(Array.from({ length: 5 }, () => subject()))
    await Promise.all(callers.map((caller) => hop.token(caller)))
    expect(exchanges()).toBe(6)
  })
})

describe('ZITADEL', () => {
  test('gets a request for a JWT, and may say that it issued one', async () => {
    const { options, issuer, subject } = await setUp()
    issuer.tokenEndpoint.reply({
      body: JSON.stringify({ access_token: 'x1', issued_token_type: jwt, token_type: 'Bearer' }),
    })
    const hop = nextHop({ ...options, issuer: zitadel(issuer.url) })
    expect(await hop.token(await subject())).toMatchObject({ value: 'x1' })
    expect(formOf(issuer)).toMatchObject({ requested_token_type: jwt })
  })
})

describe('Entra', () => {
  const clients = { [self]: { secret, targets: { 'api://stock': ['read'] } } }

  test('gets an on-behalf-of request (RFC 7523), and returns the scopes of the API', async () => {
    const { options, issuer, subject } = await setUp({}, { clients })
    issuer.tokenEndpoint.alter({ scope: 'api://stock/read api://stock/write' })
    const { audience: _, ...rest } = options
    const scope = 'api://stock/.default'
    const hop = nextHop({ ...rest, dialect: 'entra', scope })
    const caller = await subject()
    const { scopes } = await hop.token(caller)
    expect(scopes).toEqual(['api://stock/read', 'api://stock/write'])
    expect(formOf(issuer)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: caller.raw,
      requested_token_use: 'on_behalf_of',
      scope,
    })
    issuer.tokenEndpoint.alter({ scope: 'api://stocks/read' })
    expect(await errorOf(hop.token(await subject()))).toMatchObject({ code: 'response_invalid' })
  })

  test('is the dialect of the provider function', () => {
    const tenant = '11111111-2222-4333-8444-555555555555'
    const client = { id: self, secret }
    const create = (scope: string) => () =>
      nextHop({ issuer: entra({ tenant }), client, scope, audience: 'x' })
    expect(create('api://stock/.default')).toThrow("The dialect 'entra' has no 'audience'")
  })
})

test('a subject token type of the user is sent', async () => {
  const dialect = { ...dialects.auth0, subjectTokenType: 'urn:acme:legacy-token' }
  const { hop, issuer, subject } = await setUp({ dialect })
  await errorOf(hop.token(await subject()))
  expect(formOf(issuer)).toMatchObject({ subject_token_type: 'urn:acme:legacy-token' })
})

test.each(Object.entries(dialects))(
  'the dialect %s is frozen and has its name',
  (name, dialect) => {
    expect(dialect.name).toBe(name)
    expect(Object.isFrozen(dialect)).toBe(true)
  },
)
