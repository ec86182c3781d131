import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type DecisionRecord, resourceServer } from '@resource-server/express'
import express from 'express'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryStore } from '../../examples/order-flow/src/authorization-server/memory-store.ts'
import { Provider } from '../../examples/order-flow/src/authorization-server/oidc-provider.ts'
import { certificate, type Certificate } from './certificates.ts'
import { resultsOf } from './results.ts'

// oidc-provider binds a token to the certificate of its client (RFC 8705), and a service over TLS accepts it only
// with that certificate.

const addResult = resultsOf('oidc-provider')
const [client, thief, server] = [certificate('client'), certificate('thief'), certificate('server')]
const open: Server[] = []
afterAll(() => open.forEach((one) => one.close()))

async function listen(one: Server): Promise<number> {
  open.push(one)
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  return (one.address() as AddressInfo).port
}

// The certificates are self-signed, so that no certificate authority is needed.
const tls = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false }

interface Response {
  readonly status: number
  readonly body: string
}

/** Sends a request over TLS with a certificate. */
function send(
  url: string,
  from: Certificate | undefined,
  headers: Readonly<Record<string, string>>,
  form?: URLSearchParams,
): Promise<Response> {
  const agent = new Agent({ rejectUnauthorized: false, key: from?.key, cert: from?.cert })
  const method = form ? 'POST' : 'GET'
  return new Promise((resolve, reject) => {
    request(url, { agent, method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end(form?.toString())
  })
}

/** Starts oidc-provider: its metadata over plain HTTP, and the same endpoints over TLS. */
async function startProvider(): Promise<{ readonly issuer: string; readonly tokenUrl: string }> {
  const app = express()
  const issuer = `http://127.0.0.1:${await listen(createHttpServer(app))}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    adapter: memoryStore(),
    ttl: { ClientCredentials: 300 },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: 'batch',
        client_secret: 'batch-secret',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        tls_client_certificate_bound_access_tokens: true,
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience: 'user-service',
          scope: 'orders:read',
          accessTokenFormat: 'jwt',
        }),
      },
    },
  })
  app.use(provider.callback())
  return { issuer, tokenUrl: `https://127.0.0.1:${await listen(createServer(tls, app))}/token` }
}

function getCertificate({ req }: { readonly req: IncomingMessage }): string | undefined {
  return (req.socket as TLSSocket).getPeerX509Certificate?.()?.toString()
}

let token: string
let url: string
const records: DecisionRecord[] = []

beforeAll(async () => {
  const { issuer, tokenUrl } = await startProvider()
  const basic = Buffer.from('batch:batch-secret').toString('base64')
  const type = 'application/x-www-form-urlencoded'
  const headers = { authorization: `Basic ${basic}`, 'content-type': type }
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'orders:read',
    resource: 'https://user-service.example',
  })
  const { body } = await send(tokenUrl, client, headers, form)
  token = (JSON.parse(body) as { access_token: string }).access_token
  const api = resourceServer({
    issuer,
    audience: 'user-service',
    mtls: { from: 'socket' },
    onDecision: (record) => void records.push(record),
  })
  const app = express().get('/', api.requireScope('orders:read'), (req, res) => {
    res.json(api.token(req).confirmation)
  })
  url = `https://127.0.0.1:${await listen(createServer(tls, app))}/`
})

const authorization = (): { authorization: string } => ({ authorization: `Bearer ${token}` })

test('a token that is bound to a certificate is accepted with this certificate', async () => {
  const { status, body } = await send(url, client, authorization())
  expect({ status, confirmation: JSON.parse(body) as unknown }).toEqual({
    status: 200,
    confirmation: { 'x5t#S256': client.thumbprint },
  })
  addResult({ kind: 'accepted', what: 'token with its certificate', seen: client.thumbprint })
})

test.each([
  ['another certificate', thief, 'binding_mismatch'],
  ['no certificate', undefined, 'binding_unproven'],
] as const)('it is refused with %s', async (what, from, code) => {
  const { status } = await send(url, from, authorization())
  expect({ status, code: records.at(-1)?.code }).toEqual({ status: 401, code })
  addResult({ kind: 'refused', what: `the token with ${what}`, seen: records.at(-1)!.reason! })
})
