import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createTestIssuer } from '@resource-server/testing'
import type { Express } from 'express'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { modulesOf } from './pages.ts'

// The examples in docs/credentials.md, run as they are. Only the issuer is replaced.

const path = 'docs/credentials.md'
const examples = modulesOf({ path, text: readFileSync(join(root, path), 'utf8') })
const folder = join(root, 'node_modules/.cache/credentials')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const issuer = await createTestIssuer()
afterAll(() => issuer.close())

/** Starts an example. Returns a function that sends a request, and resolves to the status. */
async function start(at: number): Promise<(headers: Record<string, string>) => Promise<number>> {
  const file = join(folder, `${at}.ts`)
  mkdirSync(folder, { recursive: true })
  const code = examples
    .at(at)!
    .replace(/https:\/\/(?:as\.example|team\.cloudflareaccess)\.com/, issuer.url)
    .replace('/cdn-cgi/access/certs', '/jwks')
  writeFileSync(file, code)
  const { app } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    readonly app: Express
  }
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (headers) => {
    const response = await fetch(`http://127.0.0.1:${port}/orders`, { headers })
    await response.arrayBuffer()
    return response.status
  }
}

test('a token in a cookie', async () => {
  const send = await start(0)
  const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })
  expect(await send({ cookie: `__Host-session=${token}` })).toBe(200)
  expect(await send({ authorization: `Bearer ${token}` })).toBe(401)
})

test('a token of Cloudflare Access', async () => {
  const send = await start(1)
  const token = (type: string): string =>
    issuer.token({
      aud: ['the AUD tag of the application'],
      header: { typ: 'JWT' },
      claims: {
        email: 'user@example.com',
        nbf: issuer.clock.now() / 1000,
        type,
        identity_nonce: '6ei69kawdKzMIAPF',
        country: 'US',
        client_id: undefined,
        scope: undefined,
        jti: undefined,
      },
    })
  expect(await send({ 'cf-access-jwt-assertion': token('app') })).toBe(200)
  expect(await send({ 'cf-access-jwt-assertion': token('org') })).toBe(401)
  expect(await send({ authorization: `Bearer ${token('app')}` })).toBe(401)
})
