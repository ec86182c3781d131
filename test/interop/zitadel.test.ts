import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { dialects } from '@resource-server/exchange'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  freePort,
  type Running,
  start,
} from '../../examples/order-flow/src/servers/child-process.ts'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { environment, progress } from './environment.ts'
import { hopOf } from './hops.ts'
import { resultsOf } from './results.ts'
import { startService } from './service.ts'

const addResult = resultsOf('zitadel/oidc')
const { zitadel } = environment
if (zitadel === undefined) progress('zitadel/oidc: not tested, because this machine has no Go')

describe.skipIf(zitadel === undefined)('a hop to the example server', () => {
  let issuer: string
  let running: Running
  let accessToken: string

  beforeAll(async () => {
    issuer = `http://127.0.0.1:${await freePort()}`
    running = await start(
      {
        name: 'zitadel/oidc',
        command: zitadel ?? '',
        args: [issuer],
        readyUrl: `${issuer}/.well-known/openid-configuration`,
        log: join(tmpdir(), `resource-server-zitadel-${process.pid}.log`),
      },
      progress,
    )
    const [username, password] = ['test-user@127.0.0.1', 'verysecure']
    const signedIn = await signIn({
      ...{ issuer, clientId: 'web-shop', clientSecret: 'web-shop-secret', scope: 'openid profile' },
      redirectUri: 'http://127.0.0.1/signed-in',
      ...{ user: username, password, forms: [{ username, password }] },
    })
    accessToken = signedIn.accessToken
  })
  afterAll(() => running?.stop())

  const stock = (changes: object = {}, secret = 'order-service-secret') =>
    hopOf(
      'order-service',
      { issuer, audience: 'inventory-service', ...changes },
      secret,
      // This server writes the client that signs in to aud, and has no audience of a service.
      'web-shop',
    )

  test('gets a token that the next service accepts', async () => {
    const inventory = await startService({ issuer, audience: 'inventory-service' })
    try {
      const { status, record } = await inventory.send(await stock().exchange(accessToken))
      expect(status).toBe(200)
      expect(record).toMatchObject({ subject: 'id1', clientId: 'order-service' })
      addResult({ kind: 'accepted', what: 'token of a hop', seen: 'id1 by order-service' })
    } finally {
      await inventory.close()
    }
  })

  test('refuses the refresh token that the server issues unless an access token is requested', async () => {
    const { requestedTokenType: _, ...dialect } = dialects.rfc8693
    const error = await stock({ dialect }).errorOf(accessToken)
    expect(error).toMatchObject({ status: 503, code: 'response_invalid' })
    expect(error.reason).toContain('token-type:refresh_token')
    addResult({ kind: 'refused', what: 'a refresh token from an exchange', seen: error.reason })
  })

  test('gives the caller 503 for a wrong secret', async () => {
    const error = await stock({}, 'wrong').errorOf(accessToken)
    expect(error).toMatchObject({ status: 503, serverError: 'invalid_client' })
    addResult({ kind: 'not issued', what: 'a wrong secret', seen: error.reason })
  })
})
