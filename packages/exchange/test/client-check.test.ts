import { describe, expect, test } from 'vitest'
import { setUp, self, secret } from './support.ts'

const accepted = { ok: true }
const refused = (reason: unknown) => ({
  ok: false,
  reason: expect.stringMatching(reason as RegExp),
})

describe('hop.checkClient', () => {
  test('accepts a client whose made-up token is refused', async () => {
    const { hop, issuer } = await setUp()
    expect(await hop.checkClient()).toEqual(accepted)
    const [request] = issuer.tokenEndpoint.requests
    expect(Object.fromEntries(request?.form ?? [])).toMatchObject({
      subject_token: 'made-up-token-of-a-client-check',
      audience: 'inventory-service',
      scope: 'stock:read',
    })
  })

  test.each(['invalid_request', 'invalid_grant', 'access_denied'])(
    'accepts a client after %s, which is about the token',
    async (error) => {
      const { hop, issuer } = await setUp()
      issuer.tokenEndpoint.refuse(error)
      expect(await hop.checkClient()).toEqual(accepted)
    },
  )

  test.each([
    ['invalid_client', /Check the client ID and the secret/],
    ['unauthorized_client', /Allow the token exchange grant/],
    ['unsupported_grant_type', /Turn on token exchange/],
    ['invalid_target', /Register the audience or resource/],
    ['invalid_scope', /Allow the scope for this client/],
    ['server_error', /server_error/],
    ['an_unknown_error', /an_unknown_error/],
  ])('refuses a client after %s, with what to do', async (error, reason) => {
    const { hop, issuer } = await setUp()
    issuer.tokenEndpoint.refuse(error)
    expect(await hop.checkClient()).toEqual(refused(reason))
  })

  test('refuses a wrong secret, and does not show it', async () => {
    const { hop } = await setUp({ client: { id: self, secret: 'wrong secret' } })
    const result = await hop.checkClient()
    expect(result).toEqual(refused(/invalid_client/))
    expect(JSON.stringify(result)).not.toContain('wrong secret')
  })

  test('refuses a server that exchanges a made-up token', async () => {
    const { hop, issuer } = await setUp()
    issuer.tokenEndpoint.reply({
      headers: { 'content-type': 'application/json' },
      body: '{"access_token":"x","token_type":"Bearer"}',
    })
    expect(await hop.checkClient()).toEqual(refused(/exchanged a made-up token/))
  })

  test('never rejects if the server is down, or its metadata is wrong', async () => {
    const { hop, issuer } = await setUp()
    issuer.stop()
    expect(await hop.checkClient()).toEqual(refused(/^the token exchange failed: the server/))
    const other = await setUp({}, { metadata: { token_endpoint: 'no URL' } })
    expect(await other.hop.checkClient()).toEqual(refused(/no valid token_endpoint/))
  })

  test('requests the actor token too', async () => {
    const { hop, issuer } = await setUp({ actorToken: true })
    expect(await hop.checkClient()).toEqual(accepted)
    expect(issuer.tokenEndpoint.requests.map(({ form }) => Object.fromEntries(form))).toMatchObject(
      [{ grant_type: 'client_credentials' }, { actor_token: expect.any(String) }],
    )
    const wrong = await setUp({ actorToken: true, client: { id: self, secret: `${secret}?` } })
    expect(await wrong.hop.checkClient()).toEqual(refused(/requesting the actor token failed/))
  })

  test('does not change whether exchanges work', async () => {
    const { hop, issuer, subject } = await setUp()
    issuer.tokenEndpoint.refuse('invalid_client')
    await hop.checkClient()
    issuer.tokenEndpoint.reset()
    expect(hop.health().ok).toBe(true)
    expect(await hop.token(await subject())).toMatchObject({ tokenType: 'Bearer' })
  })
})
