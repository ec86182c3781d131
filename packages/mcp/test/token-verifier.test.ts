import { ConfigError } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tokenVerifier as verifier1 } from '../src/sdk-v1.ts'
import { tokenVerifier as verifier2 } from '../src/sdk-v2.ts'
import { listen, metadataUrl, resource, send, startIssuer } from './support.ts'

interface SdkMiddleware {
  readonly requireBearerAuth: (options: object) => express.RequestHandler
}

// Without their types, which declare `req.auth` for all of Express, also for the tests of other packages.
const bearerAuth = '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
const { requireBearerAuth: bearerAuth1 } = (await import(bearerAuth)) as SdkMiddleware
const forExpress = '@modelcontextprotocol/express'
const { requireBearerAuth: bearerAuth2 } = (await import(forExpress)) as SdkMiddleware

const issuer = await startIssuer()
const user = { aud: resource, scope: 'mcp:basic', clientId: 'client-1' }

/** `requireBearerAuth` of both versions of the SDK, on Express. */
const versions = [
  ['version 1', verifier1, bearerAuth1],
  ['version 2', verifier2, bearerAuth2],
] as const

describe.each(versions)('requireBearerAuth of %s', (_name, tokenVerifier, requireBearerAuth) => {
  const start = async (from: { readonly url: string } = issuer): Promise<number> => {
    // The SDK compares `exp` with the system clock, so this issuer's clock is not moved.
    const verifier = tokenVerifier({ issuer: from.url, resource, clock: issuer.clock, log: 'off' })
    const app = express()
    const options = {
      verifier,
      requiredScopes: ['mcp:basic'],
      resourceMetadataUrl: metadataUrl,
      expectedResource: new URL(resource),
    }
    app.post('/mcp', requireBearerAuth(options), (req, res) => {
      res.json((req as { auth?: object }).auth)
    })
    return listen(app.listen(0, '127.0.0.1'))
  }

  test('accepts a token, and a handler gets its authInfo', async () => {
    const { status, body } = await send(await start(), { token: issuer.token(user) })
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({
      clientId: 'client-1',
      scopes: ['mcp:basic'],
      expiresAt: issuer.clock.now() / 1000 + 300,
      resource,
    })
  })

  test.each([
    [
      'an expired token',
      () => issuer.forge.expired(user),
      401,
      'invalid_token',
      'The access token expired',
    ],
    [
      'another audience',
      () => issuer.token({ ...user, aud: 'https://other.example' }),
      401,
      'invalid_token',
      'The access token is meant for another audience',
    ],
    [
      'a tampered token',
      () => issuer.forge.tampered(user),
      401,
      'invalid_token',
      'The access token is not valid',
    ],
    [
      'a missing scope',
      () => issuer.token({ ...user, scope: '' }),
      403,
      'insufficient_scope',
      'Insufficient scope',
    ],
  ] as const)('%s is refused', async (_what, token, status, error, description) => {
    const response = await send(await start(), { token: token() })
    expect(response.status).toBe(status)
    expect(response.headers['www-authenticate']).toContain(`resource_metadata="${metadataUrl}"`)
    expect(JSON.parse(response.body)).toEqual({ error, error_description: description })
  })

  test('an outage is not a challenge', async () => {
    const down = await createTestIssuer({ clock: issuer.clock })
    onTestFinished(() => down.close())
    down.stop('disconnect')
    const { status, headers, body } = await send(await start(down), { token: down.token(user) })
    expect(status).toBe(500)
    expect(headers).not.toHaveProperty('www-authenticate')
    expect(JSON.parse(body)).toEqual({
      error: 'server_error',
      error_description: 'The access token cannot be verified at the moment',
    })
  })

  test('the cause of the error has the reason for the operator', async () => {
    const verifier = tokenVerifier({
      issuer: issuer.url,
      resource,
      clock: issuer.clock,
    })
    const error: unknown = await verifier
      .verifyAccessToken(issuer.forge.expired(user))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ cause: { code: 'token_expired' } })
  })

  test('a verifier without a resource is a ConfigError', () => {
    expect(() => tokenVerifier({ issuer: issuer.url } as never)).toThrow(ConfigError)
  })
})
