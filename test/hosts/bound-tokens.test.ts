import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resourceServer } from '@resource-server/express'
import { resourceServer as webSockets } from '@resource-server/ws'
import express from 'express'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { client, proofOf, publicJwk, publicUrl, thumbprint } from '../security/attacks/dpop.ts'
import { certificateOf } from '../security/fixtures/certificate.ts'
import { audience, createFixture } from '../security/fixtures/fixture.ts'
import { keyOf } from '../security/fixtures/keys.ts'
import { createGate, nodeGuard, sendNode } from '@resource-server/core/adapter'

// What depends on a real socket: certificates, HTTP/2, and routers that rewrite the URL.

const fixture = await createFixture()
afterAll(() => fixture[Symbol.asyncDispose]())

const options = { issuer: fixture.issuer.url, audience, clock: fixture.clock }
const dpopToken = fixture.token({ claims: { cnf: { jkt: thumbprint(publicJwk(client())) } } })

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  afterAll(() => void server.close())
  return (server.address() as AddressInfo).port
}

interface Certificate {
  readonly key: string
  readonly cert: string
  readonly thumbprint: string
}

function certificate(name: string): Certificate {
  const pair = keyOf('ES256', 'P-256', name)
  const cert = certificateOf(pair)
  const { fingerprint256 } = new X509Certificate(cert)
  const hash = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { key, cert, thumbprint: hash }
}

describe('a token that is bound to a certificate, over TLS with Express', async () => {
  const [a, b, own] = [certificate('a'), certificate('b'), certificate('server')]
  const api = resourceServer({ ...options, mtls: { from: 'socket' } })
  const app = express().get('/', api.requireAuthentication(), (req, res) => {
    res.json(api.token(req).confirmation)
  })
  // The certificates are self-signed, so the handshake does not accept their chain.
  const tls = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
  const port = await listen(createServer(tls, app))
  const tokenFor = (bound: Certificate): string =>
    fixture.token({ claims: { cnf: { 'x5t#S256': bound.thumbprint } } })

  const statusOf = (token: string, agent: Agent): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` }
      request({ host: '127.0.0.1', port, agent, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
        .on('error', reject)
        .end()
    })
  const agentWith = (presented?: Certificate): Agent => {
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      rejectUnauthorized: false,
      ...(presented && { key: presented.key, cert: presented.cert }),
    })
    afterAll(() => agent.destroy())
    return agent
  }

  // MTLS-socket-good: MTLS-socket-selfsigned:
  test('is granted with that certificate, even if its chain is not trusted', async () => {
    expect(await statusOf(tokenFor(a), agentWith(a))).toBe(200)
  })

  // MTLS-socket-wrong:
  test('is refused with another certificate, and without one', async () => {
    expect(await statusOf(tokenFor(a), agentWith(b))).toBe(401)
    expect(await statusOf(tokenFor(a), agentWith())).toBe(401)
  })

  // MTLS-socket-keepalive:
  test('is checked for each request of a connection', async () => {
    const agent = agentWith(a)
    expect(await statusOf(tokenFor(a), agent)).toBe(200)
    expect(await statusOf(tokenFor(b), agent)).toBe(401)
    expect(await statusOf(tokenFor(a), agent)).toBe(200)
  })
})

describe('a token that is bound to a certificate, over TLS with ws', async () => {
  const [a, b, own] = [certificate('a'), certificate('b'), certificate('server')]
  const api = webSockets({ ...options, mtls: { from: 'socket' } })
  const sockets = new WebSocketServer({ noServer: true })
  const tls = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
  const server = createServer(tls).on('upgrade', api.protect(sockets))
  const port = await listen(server)
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      void api.renew(socket, data.toString()).then((renewed) => socket.send(String(renewed)))
    })
  })
  const tokenFor = (bound: Certificate): string =>
    fixture.token({ claims: { cnf: { 'x5t#S256': bound.thumbprint } } })
  const connectWith = (token: string, { key, cert }: Certificate): WebSocket => {
    const headers = { authorization: `Bearer ${token}` }
    const tlsOptions = { key, cert, rejectUnauthorized: false }
    const socket = new WebSocket(`wss://127.0.0.1:${port}`, { headers, ...tlsOptions })
    onTestFinished(() => socket.terminate())
    return socket
  }

  test('opens a connection with that certificate, and can be renewed there', async () => {
    const socket = connectWith(tokenFor(a), a)
    await once(socket, 'open')
    const renew = async (token: string): Promise<string> => {
      socket.send(token)
      const [data] = (await once(socket, 'message')) as [Buffer]
      return data.toString()
    }
    expect(await renew(tokenFor(a))).toBe('true')
    expect(await renew(tokenFor(b))).toBe('false')
  })

  test('is refused with another certificate', async () => {
    const [error] = (await once(connectWith(tokenFor(a), b), 'error')) as [Error]
    expect(error.message).toBe('Unexpected server response: 401')
  })
})

describe('a certificate in a header, over a Unix domain socket with Express', async () => {
  const bound = certificate('a')
  const mtls = { from: 'header', format: 'rfc9440', peers: ['unix'] } as const
  const api = resourceServer({ ...options, mtls })
  const app = express().get('/', api.requireAuthentication(), (_req, res) => void res.end())
  const folder = mkdtempSync(join(tmpdir(), 'unix-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const socketPath = join(folder, 'api.sock')
  const overFile = createHttpServer(app).listen(socketPath)
  afterAll(() => void overFile.close())
  await once(overFile, 'listening')
  const port = await listen(createHttpServer(app))
  const der = new X509Certificate(bound.cert).raw.toString('base64')
  const headers = {
    authorization: `Bearer ${fixture.token({ claims: { cnf: { 'x5t#S256': bound.thumbprint } } })}`,
    'client-cert': `:${der}:`,
  }
  const statusOver = (target: object): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      httpRequest({ ...target, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
        .on('error', reject)
        .end()
    })

  test("is read if mtls.peers has 'unix'", async () => {
    expect(await statusOver({ socketPath })).toBe(200)
  })

  test('is ignored if the same server listens on a port', async () => {
    expect(await statusOver({ host: '127.0.0.1', port })).toBe(401)
  })
})

// DPOP2-htu-url-rewritten:
test('a proof is for the URL that was received, even if a middleware rewrites it', async () => {
  const api = resourceServer({ ...options, publicUrl })
  const app = express()
  app.use((req, _res, next) => {
    req.url = req.url.replace(/^\/public/, '')
    next()
  })
  app.get('/orders', api.requireAuthentication(), (_req, res) => void res.end())
  const port = await listen(createHttpServer(app))
  const statusFor = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const proof = proofOf(fixture, dpopToken, { claims: { htu: publicUrl + path } })
      const headers = { authorization: `DPoP ${dpopToken}`, dpop: proof }
      httpRequest({ host: '127.0.0.1', port, path: '/public/orders', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
        .on('error', reject)
        .end()
    })
  expect(await statusFor('/public/orders')).toBe(200)
  expect(await statusFor('/orders')).toBe(401)
})

// DPOP2-h2:
describe('over HTTP/2', async () => {
  const gate = createGate({ ...options, publicUrl })
  const pass = nodeGuard(gate)
  const guard = gate.guards((one) => one).requireAuthentication()
  const server = createHttp2Server((req, res) => {
    const response = res as unknown as Parameters<typeof sendNode>[1]
    const result = Promise.resolve(pass(guard, { request: req, response }))
    void result.then((decided) =>
      decided.action === 'reply' ? sendNode(decided.reply, response) : res.end('{}'),
    )
  })
  const port = await listen(server)
  const session = connect(`http://127.0.0.1:${port}`)
  afterAll(() => session.close())

  const statusOf = (headers: Readonly<Record<string, string | string[]>>): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ':path': '/',
        authorization: `DPoP ${dpopToken}`,
        ...headers,
      })
      stream.on('response', (received) => resolve(received[':status']!)).on('error', reject)
      stream.resume().end()
    })

  test('a proof is accepted', async () => {
    expect(await statusOf({ dpop: proofOf(fixture, dpopToken) })).toBe(200)
  })

  test('a proof is for publicUrl, whatever :authority says', async () => {
    const evil = { ':authority': 'evil.example' }
    expect(await statusOf({ ...evil, dpop: proofOf(fixture, dpopToken) })).toBe(200)
    const other = proofOf(fixture, dpopToken, { claims: { htu: 'http://evil.example/' } })
    expect(await statusOf({ ...evil, dpop: other })).toBe(401)
    const withUser = { ':authority': 'user@api.example' }
    expect(await statusOf({ ...withUser, dpop: proofOf(fixture, dpopToken) })).toBe(401)
  })

  test('two proofs, and a proof for another method, are refused', async () => {
    const proofs = [proofOf(fixture, dpopToken), proofOf(fixture, dpopToken)]
    expect(await statusOf({ dpop: proofs })).toBe(401)
    const other = proofOf(fixture, dpopToken, { claims: { htm: 'POST' } })
    expect(await statusOf({ dpop: other })).toBe(401)
  })
})
