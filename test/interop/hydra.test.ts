import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier, type Verifier } from '@resource-server/core'
import { introspect } from '@resource-server/introspection'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  freePort,
  type Running,
  start,
} from '../../examples/order-flow/src/servers/child-process.ts'
import { environment, progress } from './environment.ts'
import { resultsOf } from './results.ts'
import { startService } from './service.ts'
import { tokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'

const addResult = resultsOf('Ory Hydra 2.3.0')
const audience = 'order-service'
const client = 'web-shop'

interface Hydra {
  readonly issuer: string
  readonly admin: string
  readonly tokens: TokenEndpoint
  readonly running: Running
}

const folder = mkdtempSync(join(tmpdir(), 'resource-server-hydra-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Hydra with an in-memory database, and one client. */
async function startHydra(accessToken: 'opaque' | 'jwt'): Promise<Hydra> {
  const [publicPort, adminPort] = [await freePort(), await freePort()]
  const issuer = `http://127.0.0.1:${publicPort}/`
  const admin = `http://127.0.0.1:${adminPort}`
  const config = join(folder, `${accessToken}.json`)
  writeFileSync(
    config,
    JSON.stringify({
      serve: {
        public: { host: '127.0.0.1', port: publicPort },
        admin: { host: '127.0.0.1', port: adminPort },
      },
      urls: { self: { issuer } },
      strategies: { access_token: accessToken, jwt: { scope_claim: 'both' } },
      secrets: { system: ['the system secret of this test'] },
      ttl: { access_token: '10m' },
      dsn: 'memory',
      log: { level: 'warn' },
    }),
  )
  const running = await start(
    {
      name: `Ory Hydra (${accessToken})`,
      command: environment.hydra,
      args: ['serve', 'all', '--dev', '-c', config],
      readyUrl: `${issuer}.well-known/openid-configuration`,
      log: join(folder, `${accessToken}.log`),
    },
    progress,
  )
  const created = await fetch(`${admin}/admin/clients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_id: client,
      client_secret: `${client}-secret`,
      grant_types: ['client_credentials'],
      scope: 'orders:read',
      audience: [audience, 'stock-service'],
    }),
  })
  if (created.status !== 201) throw new Error(`The client was not created: ${await created.text()}`)
  return { issuer, admin, tokens: tokenEndpoint(`${issuer}oauth2/token`), running }
}

const requestToken = ({ tokens }: Hydra, of: string = audience): Promise<string> =>
  tokens.request(client, {
    grant_type: 'client_credentials',
    scope: 'orders:read',
    ...(of && { audience: of }),
  })

async function revoke({ issuer }: Hydra, token: string): Promise<void> {
  const { status } = await fetch(`${issuer}oauth2/revoke`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client}:${client}-secret`)}` },
    body: new URLSearchParams({ token }),
  })
  expect(status).toBe(200)
}

/** The options of docs/introspection.md for Hydra. */
const optionsFor = ({ issuer, admin }: Hydra, more: object = {}) => ({
  issuer,
  audience,
  introspection: introspect({
    client: { id: 'order-service', secret: 'not checked on the admin port' },
    endpoint: `${admin}/admin/oauth2/introspect`,
    allowOtherOrigin: true,
    prefix: 'ory_at_',
    maxAge: 0,
    ...more,
  }),
})

function verifierFor(hydra: Hydra, more: object = {}): Verifier {
  const verifier = createVerifier(optionsFor(hydra, more))
  onTestFinished(() => verifier.close())
  return verifier
}

describe('opaque tokens, the default', () => {
  let hydra: Hydra
  beforeAll(async () => {
    hydra = await startHydra('opaque')
  })
  afterAll(() => hydra?.running.stop())

  test('are granted by a route with a scope guard, and refused after they were revoked', async () => {
    const token = await requestToken(hydra)
    expect(token).toMatch(/^ory_at_/)
    const service = await startService(optionsFor(hydra), (api) => [
      api.requireScope('orders:read'),
    ])
    onTestFinished(service.close)
    const granted = await service.send(token)
    expect(granted.status).toBe(200)
    expect(granted.record).toMatchObject({ subject: client, clientId: client })
    addResult({ kind: 'accepted', what: 'opaque token', seen: client })

    await revoke(hydra, token)
    const refused = await service.send(token)
    expect(refused.status).toBe(401)
    expect(refused.record).toMatchObject({ code: 'token_inactive' })
    addResult({ kind: 'refused', what: 'opaque token after it was revoked', seen: 'active: false' })
  })

  test.each([
    ['another audience', 'stock-service', 'audience_mismatch'],
    ['no audience', '', 'claim_malformed'],
  ])('with %s are refused', async (what, of, code) => {
    const token = await requestToken(hydra, of)
    const result = await verifierFor(hydra).check(token)
    expect(result).toMatchObject({ ok: false, code })
    addResult({ kind: 'refused', what: `opaque token with ${what}`, seen: code })
  })

  test('are refused without asking the server if they have another prefix', async () => {
    const verifier = verifierFor(hydra, { endpoint: 'http://127.0.0.1:9/nothing-listens-here' })
    expect(await verifier.check('other_1234567890')).toMatchObject({
      ok: false,
      code: 'token_malformed',
    })
    addResult({ kind: 'refused', what: 'token with another prefix', seen: 'token_malformed' })
  })

  test('are unavailable, not refused, while the endpoint is down', async () => {
    const verifier = verifierFor(hydra, { endpoint: `http://127.0.0.1:${await freePort()}/` })
    const result = await verifier.check(await requestToken(hydra))
    expect(result).toMatchObject({ ok: false, code: 'introspection_unavailable' })
    addResult({
      kind: 'refused',
      what: 'while the endpoint is down',
      seen: 'introspection_unavailable',
    })
  })
})

describe('JWTs', () => {
  let hydra: Hydra
  beforeAll(async () => {
    hydra = await startHydra('jwt')
  })
  afterAll(() => hydra?.running.stop())

  test('are verified, and refused after they were revoked if they are introspected as well', async () => {
    const verifier = verifierFor(hydra, { jwts: 'verify-and-introspect' })
    const token = await requestToken(hydra)
    expect(decodeJwt(token)).toMatchObject({ scp: ['orders:read'], scope: 'orders:read' })
    expect(await verifier.check(token)).toMatchObject({
      ok: true,
      token: { scopes: ['orders:read'] },
    })
    addResult({ kind: 'accepted', what: 'JWT', seen: client })

    await revoke(hydra, token)
    expect(await verifier.check(token)).toMatchObject({ ok: false, code: 'token_inactive' })
    addResult({ kind: 'refused', what: 'JWT after it was revoked', seen: 'active: false' })
  })
})
