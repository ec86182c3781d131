import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import { Agent, request as httpsRequest } from 'node:https'
import { request as httpRequest } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type DecisionRecord,
  resourceServer,
  type ResourceServerOptions,
} from '@resource-server/express'
import { resourceServer as fastifyPlugin } from '@resource-server/fastify'
import { createTestIssuer } from '@resource-server/testing'
import * as dpop from 'dpop'
import express from 'express'
import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../examples/order-flow/src/servers/child-process.ts'
import { wholeSecondClock } from '../whole-second-clock.ts'
import { certificate, type Certificate } from './certificates.ts'
import { haproxy, nginx, type Proxy, type ProxyKind } from './proxy.ts'
import { resultsOf } from './results.ts'

// Services behind the distribution's nginx and HAProxy. The package `dpop` signs the proofs.

const issuer = await createTestIssuer()
const keyPair = await dpop.generateKeyPair('ES256')
const jkt = await dpop.calculateThumbprint(keyPair.publicKey)
const [client, thief] = [certificate('client'), certificate('thief')]
const dpopToken = issuer.token({ aud: 'orders', claims: { cnf: { jkt } } })
const certificateToken = issuer.token({
  aud: 'orders',
  claims: { cnf: { 'x5t#S256': client.thumbprint } },
})
afterAll(() => issuer.close())

type Headers = Readonly<Record<string, string | readonly string[]>>

interface Sent {
  readonly path: string
  readonly headers: Headers
  readonly host?: '127.0.0.1' | '::1'
  readonly certificate?: Certificate | undefined
}

/** How a client sends a request to a port with TLS. Resolves to the status. */
type Send = (port: number, sent: Sent) => Promise<number>

const overHttp1: Send = (port, { path, headers, host = '127.0.0.1', certificate: own }) =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ rejectUnauthorized: false, key: own?.key, cert: own?.cert })
    httpsRequest({ host, port, path, headers: headers as never, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end()
  })

const overHttp2: Send = async (port, { path, headers, host = '127.0.0.1', certificate: own }) => {
  const origin = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  const tls = { rejectUnauthorized: false, key: own?.key, cert: own?.cert }
  const session = connect(origin, tls)
  try {
    const { host: authority, ...rest } = headers
    const stream = session.request({
      ':path': path,
      // Node's own value for an IPv6 address has no brackets, which nginx refuses.
      ':authority': String(authority ?? new URL(origin).host),
      ...(rest as Record<string, string>),
    })
    const [received] = (await once(stream, 'response')) as [{ readonly ':status': number }]
    stream.resume()
    await once(stream, 'close')
    return received[':status']
  } finally {
    session.destroy()
  }
}

const protocols = [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const

/** The headers of a request with a new proof for this URL. */
async function withProof(url: string): Promise<Headers> {
  const proof = await dpop.generateProof(keyPair, url, 'GET', undefined, dpopToken)
  return { authorization: `DPoP ${dpopToken}`, dpop: proof }
}

async function listen(server: Server, where: number | string = 0): Promise<number> {
  if (typeof where === 'string') server.listen(where)
  else server.listen(where, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => void server.close())
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port
}

/** An app with the guard in a router that is mounted at `mount`. */
function appAt(mount: string, options: ResourceServerOptions): express.Express {
  const api = resourceServer(options)
  const router = express.Router()
  router.get('/orders', api.requireAuthentication(), (_req, res) => void res.send('ok'))
  return express().use(mount, router)
}

async function startBehind(kind: ProxyKind) {
  const records: DecisionRecord[] = []
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'service-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const optionsFor = (path: string, more: object): ResourceServerOptions => ({
    issuer: issuer.url,
    audience: 'orders',
    clock: wholeSecondClock,
    publicUrl: ['127.0.0.1', '[::1]'].map((host) => `https://${host}:${port}${path}`),
    mtls: { ...kind.mtls, peers: [kind.address] } as const,
    onDecision: (record) => void records.push(record),
    ...more,
  })
  const overFile = optionsFor('/file', {
    prefix: 'stripped',
    mtls: { ...kind.mtls, peers: ['unix'] },
  })
  const http2 = fastify({ http2: true })
  await http2.register(fastifyPlugin, optionsFor('/h2', { prefix: 'stripped' }))
  http2.get('/orders', { onRequest: http2.requireAuthentication() }, async () => 'ok')
  await http2.listen({ port: 0, host: '127.0.0.1' })
  afterAll(() => http2.close())
  const file = join(folder, 'service.sock')
  await listen(createServer(appAt('/', overFile)), file)
  const upstreams = {
    stripped: await listen(createServer(appAt('/', optionsFor('/shop', { prefix: 'stripped' })))),
    kept: await listen(createServer(appAt('/kept', optionsFor('/kept', { prefix: 'kept' })))),
    added: await listen(
      createServer(appAt('/internal', optionsFor('', { prefix: 'added:/internal' }))),
    ),
    file,
    http2: (http2.server.address() as AddressInfo).port,
  }
  // The same server over TCP: anyone can connect to it.
  const fileOverTcp = await listen(createServer(appAt('/', overFile)))
  return { proxy: await kind.start(port, upstreams), upstreams, records, fileOverTcp }
}

/** The path that clients use, and the one that the service receives. */
const paths = [
  ['removes a prefix', '/shop/orders', '/orders'],
  ['keeps a prefix', '/kept/orders', '/kept/orders'],
  ['adds a prefix', '/orders', '/internal/orders'],
] as const

describe.each([nginx, haproxy])('behind $name', (kind) => {
  const addResult = resultsOf(kind.name)
  const { name, headerValue } = kind
  const { header } = kind.mtls
  let proxy: Proxy
  let records: DecisionRecord[]
  let running: Awaited<ReturnType<typeof startBehind>>
  beforeAll(async () => {
    running = await startBehind(kind)
    ;({ proxy, records } = running)
  })
  afterAll(() => proxy?.stop())

  const lastCode = (): string | undefined => records.at(-1)?.code

  describe.each(paths)('that %s', (does, path, received) => {
    test.each(
      protocols.flatMap(([protocol, send]) =>
        (['127.0.0.1', '::1'] as const).map((host) => [protocol, host, send] as const),
      ),
    )('a proof for the public URL is accepted over %s and %s', async (protocol, host, send) => {
      const origin = `https://${host === '::1' ? '[::1]' : host}:${proxy.port}`
      const headers = await withProof(origin + path)
      expect(await send(proxy.port, { path, headers, host })).toBe(200)
      expect(await send(proxy.port, { path, headers, host })).toBe(401)
      expect(lastCode()).toBe('proof_replayed')
      addResult({ kind: 'accepted', what: `${does}, ${protocol}, ${host}`, seen: origin + path })
    })

    test('a proof for another path is refused, such as the one that the service receives', async () => {
      const origin = `https://127.0.0.1:${proxy.port}`
      const others = [received, `${path}/`, `${path}/../orders`, '/other'].filter((p) => p !== path)
      for (const other of others) {
        const headers = await withProof(`${origin}${other}`)
        expect(await overHttp1(proxy.port, { path, headers })).toBe(401)
        expect(lastCode()).toBe('proof_mismatch')
      }
      addResult({ kind: 'refused', what: `${does}, proof for another path`, seen: others.join() })
    })
  })

  describe.each(protocols)('over %s', (protocol, send) => {
    test.each([
      [protocol === 'HTTP/2' ? ':authority' : 'Host', { host: 'evil.example' }],
      ['X-Forwarded-Host', { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }],
      ['Forwarded', { forwarded: 'host=evil.example;proto=https' }],
      ['X-Forwarded-Prefix', { 'x-forwarded-prefix': '/evil', 'x-original-uri': '/evil' }],
    ])('%s of the client does not change the URL', async (what, spoofed) => {
      const path = '/shop/orders'
      const own = await withProof(`https://127.0.0.1:${proxy.port}${path}`)
      expect(await send(proxy.port, { path, headers: { ...own, ...spoofed } })).toBe(200)
      const evil = await withProof(`https://evil.example${path}`)
      expect(await send(proxy.port, { path, headers: { ...evil, ...spoofed } })).toBe(401)
      expect(lastCode()).toBe('proof_mismatch')
      addResult({ kind: 'refused', what: `${protocol}, ${what}`, seen: records.at(-1)!.reason! })
    })

    const authorization = `Bearer ${certificateToken}`
    const forged = { [header.toLowerCase()]: headerValue(client.cert, client.der) }

    test('a token that is bound to a certificate is accepted with it', async () => {
      const sent = { path: '/shop/orders', headers: { authorization }, certificate: client }
      expect(await send(proxy.port, sent)).toBe(200)
      expect(records.at(-1)?.binding).toMatchObject({ 'x5t#S256': client.thumbprint })
      addResult({ kind: 'accepted', what: `${protocol}, ${header}`, seen: client.thumbprint })
    })

    test.each<readonly [string, Certificate | undefined, Headers, string]>([
      ['another certificate', thief, {}, 'binding_mismatch'],
      ['no certificate', undefined, {}, 'binding_unproven'],
      ['no certificate, and the header', undefined, forged, 'binding_unproven'],
      ['another certificate, and the header', thief, forged, 'binding_mismatch'],
      [
        'no certificate, and the header with an underscore',
        undefined,
        { [header.toLowerCase().replace('-', '_')]: Object.values(forged)[0]! },
        'binding_unproven',
      ],
      [
        'another certificate, and the header in a chain',
        thief,
        { 'client-cert-chain': Object.values(forged)[0]! },
        'binding_mismatch',
      ],
    ])('it is refused with %s', async (what, own, spoofed, code) => {
      const headers = { authorization, ...spoofed }
      expect(await send(proxy.port, { path: '/shop/orders', headers, certificate: own })).toBe(401)
      expect(lastCode()).toBe(code)
      addResult({ kind: 'refused', what: `${protocol}, ${what}`, seen: records.at(-1)!.reason! })
    })

    test('the header is read over a Unix domain socket', async () => {
      const sent = { path: '/file/orders', headers: { authorization } }
      expect(await send(proxy.port, { ...sent, certificate: client })).toBe(200)
      expect(await send(proxy.port, { ...sent, certificate: thief })).toBe(401)
      addResult({ kind: 'accepted', what: `${protocol}, over a Unix socket`, seen: header })
    })
  })

  test('the header is ignored if the client connects to the service directly', async () => {
    for (const port of [running.upstreams.stripped, running.fileOverTcp]) {
      const status = await directly(port, {
        authorization: `Bearer ${certificateToken}`,
        [header]: headerValue(client.cert, client.der),
        'x-forwarded-for': kind.address,
      })
      expect(status).toBe(401)
      expect(records.at(-1)?.reason).toContain('did not come from one of mtls.peers')
    }
    addResult({ kind: 'refused', what: `${header} without ${name}`, seen: records.at(-1)!.reason! })
  })
})

describe('behind HAProxy', () => {
  const addResult = resultsOf('HAProxy')
  const authorization = `Bearer ${certificateToken}`

  test('that speaks HTTP/2 to Fastify, proofs and certificates are accepted once', async () => {
    const { proxy, records } = await startBehind(haproxy)
    const path = '/h2/orders'
    try {
      const headers = await withProof(`https://127.0.0.1:${proxy.port}${path}`)
      expect(await overHttp2(proxy.port, { path, headers })).toBe(200)
      expect(await overHttp1(proxy.port, { path, headers })).toBe(401)
      expect(records.at(-1)?.code).toBe('proof_replayed')
      for (const [own, status] of [
        [client, 200],
        [thief, 401],
      ] as const) {
        const sent = { path, headers: { authorization }, certificate: own }
        expect(await overHttp2(proxy.port, sent)).toBe(status)
      }
      addResult({ kind: 'accepted', what: 'HTTP/2 from end to end', seen: 'proof, certificate' })
    } finally {
      await proxy.stop()
    }
  })

  test('a certificate in the format xfcc is accepted', async () => {
    const xfcc: ProxyKind = {
      ...haproxy,
      mtls: { from: 'header', format: 'xfcc', header: 'X-Forwarded-Client-Cert' },
    }
    const { proxy, records } = await startBehind(xfcc)
    const headers = { authorization, 'x-forwarded-client-cert': `Hash=${client.hash}` }
    try {
      for (const [own, outcome] of [
        [client, 'granted'],
        [thief, 'refused'],
        [undefined, 'refused'],
      ] as const) {
        await overHttp1(proxy.port, { path: '/shop/orders', headers, certificate: own })
        expect(records.at(-1)?.outcome).toBe(outcome)
      }
      addResult({ kind: 'accepted', what: 'X-Forwarded-Client-Cert', seen: client.thumbprint })
    } finally {
      await proxy.stop()
    }
  })
})

function directly(port: number, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path: '/orders', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end()
  })
}
