import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TestIssuer } from '../../src/index.ts'
import { decode, startIssuer } from '../support.ts'

const clients = { rs1: { secret: 's3cret' } }
const basic = `Basic ${btoa('rs1:s3cret')}`

const introspect = (
  issuer: TestIssuer,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(issuer.introspection.url, {
    method: 'POST',
    headers: { authorization: basic, ...headers },
    body: new URLSearchParams({ token }),
  })

const answerAbout = async (issuer: TestIssuer, token: string): Promise<unknown> =>
  (await introspect(issuer, token)).json()

describe('the introspection endpoint', () => {
  test('knows the opaque tokens and the JWTs of its issuer', async () => {
    const issuer = await startIssuer({ clients })
    const opaque = issuer.opaqueToken({ aud: 'orders', scope: 'a', prefix: 'test_' })
    expect(opaque).toMatch(/^test_[\w-]{32}$/)
    const active = { active: true, token_type: 'Bearer', aud: 'orders', iss: issuer.url }
    expect(await answerAbout(issuer, opaque)).toMatchObject({ ...active, scope: 'a' })
    expect(await answerAbout(issuer, issuer.token({ aud: 'orders' }))).toMatchObject(active)
    const others = ['unknown', issuer.forge.tampered({ aud: 'orders' })]
    for (const token of others) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await answerAbout(issuer, token)).toEqual({ active: false })
    }
  })

  test('says that a token is not active after it expired or was revoked', async () => {
    const issuer = await startIssuer({ clients })
    const [one, two] = [issuer.opaqueToken({ aud: 'a' }), issuer.opaqueToken({ aud: 'a' })]
    issuer.introspection.revoke(one)
    expect(await answerAbout(issuer, one)).toEqual({ active: false })
    expect(await answerAbout(issuer, two)).toMatchObject({ active: true })
    issuer.clock.advance(301)
    expect(await answerAbout(issuer, two)).toEqual({ active: false })
  })

  test('requires that its client authenticates, and records the requests', async () => {
    const issuer = await startIssuer({ clients })
    const token = issuer.opaqueToken({ aud: 'a' })
    const refused = await introspect(issuer, token, { authorization: `Basic ${btoa('rs1:x')}` })
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'invalid_client' }])
    expect(issuer.introspection.requests).toMatchObject([
      { client: 'rs1', authentication: 'basic', form: [['token', token]] },
    ])
  })

  test('signs its response if the client asks for that', async () => {
    const issuer = await startIssuer({ clients })
    const accept = 'application/token-introspection+jwt'
    const token = issuer.opaqueToken({ aud: 'a' })
    const response = await introspect(issuer, token, { accept })
    expect(response.headers.get('content-type')).toBe(accept)
    const { header, payload } = decode(await response.text())
    expect(header).toMatchObject({ typ: 'token-introspection+jwt' })
    expect(payload).toMatchObject({
      iss: issuer.url,
      aud: 'rs1',
      token_introspection: { active: true, aud: 'a' },
    })
  })

  test('sends what a test tells it to, until reset()', async () => {
    const issuer = await startIssuer({ clients })
    const { introspection } = issuer
    const token = issuer.opaqueToken({ aud: 'a' })
    introspection.alter({ aud: undefined, scope: 'b' })
    expect(await answerAbout(issuer, token)).not.toHaveProperty('aud')
    introspection.reply({ status: 500, body: 'broken' })
    expect((await introspect(issuer, token)).status).toBe(500)
    introspection.reset()
    expect(await answerAbout(issuer, token)).toMatchObject({ aud: 'a' })
  })

  test('does not exist without clients', async () => {
    const issuer = await startIssuer()
    expect((await introspect(issuer, 'x')).status).toBe(404)
    const metadata = (await (await fetch(issuer.metadataUri)).json()) as object
    expect(metadata).not.toHaveProperty('introspection_endpoint')
  })

  test('is in the metadata, and stops with the issuer', async () => {
    const issuer = await startIssuer({ clients })
    const metadata = (await (await fetch(issuer.metadataUri)).json()) as object
    expect(metadata).toMatchObject({ introspection_endpoint: issuer.introspection.url })
    issuer.stop('error')
    expect((await introspect(issuer, 'x')).status).toBe(500)
  })
})

describe('a logout token', () => {
  test('has the claims of OpenID Connect Back-Channel Logout section 2.4', async () => {
    const issuer = await startIssuer()
    const now = Math.floor(issuer.clock.now() / 1000)
    const jwt = issuer.logoutToken({ aud: 'web', sid: 's-1', claims: { extra: 1 } })
    const { header, payload } = decode(jwt)
    expect(header).toMatchObject({ typ: 'logout+jwt', kid: 'key-1' })
    expect(payload).toEqual({
      iss: issuer.url,
      aud: 'web',
      iat: now,
      exp: now + 120,
      jti: expect.any(String),
      sid: 's-1',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      extra: 1,
    })
  })

  test('is sent as a form', async () => {
    const issuer = await startIssuer()
    const received: string[] = []
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => void received.push(text))
      request.on('end', () => response.writeHead(204).end())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`
    expect((await issuer.signOut(uri, { aud: 'web', sub: 'user-42' })).status).toBe(204)
    const jwt = new URLSearchParams(received.join('')).get('logout_token')
    expect(decode(jwt!).payload).toMatchObject({ sub: 'user-42' })
  })

  test.each([
    [{}, "'aud' is required"],
    [{ aud: 'web', sessions: 's' }, "unknown option 'sessions'"],
  ])('with %j is a TypeError', async (options, problem) => {
    const issuer = await startIssuer()
    expect(() => issuer.logoutToken(options as never)).toThrow(problem)
  })
})
