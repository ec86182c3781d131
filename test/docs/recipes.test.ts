import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { modulesOf } from './pages.ts'

// The recipes, run as they are. Only the issuer is replaced.

const path = 'docs/recipes.md'
const text = readFileSync(join(root, path), 'utf8')
const recipes = modulesOf({ path, text })
const folder = join(root, 'node_modules/.cache/recipes')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const order = { aud: 'order-service', scope: 'orders:read', sub: 'user-1' }

interface Recipe {
  readonly server: Server
  readonly lines?: readonly string[]
}

async function start(at: number): Promise<Recipe & { readonly url: string }> {
  const file = join(folder, `${at}.ts`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, recipes.at(at)!.replace('https://as.example.com', issuer.url))
  const recipe = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Recipe
  const { server } = recipe
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { ...recipe, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const send = (url: string, token?: string): Promise<Response> =>
  fetch(url, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })

test('plain node:http', async () => {
  const { url } = await start(0)
  expect((await send(url)).status).toBe(401)
  expect((await send(url, issuer.token({ ...order, scope: 'other' }))).status).toBe(403)
  expect(await (await send(url, issuer.token(order))).text()).toBe('The orders of user-1')
})

test('server-sent events end with the token', async () => {
  const { url } = await start(1)
  expect((await send(url)).status).toBe(401)
  // The recipe uses the system clock, so the token is about to expire. The tolerance is 5 seconds.
  const response = await send(url, issuer.token({ ...order, expiresIn: 1 }))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(await response.text()).toBe('event: ready\ndata: {}\n\n')
})

test('request IDs in decision records', async () => {
  const { url, lines } = await start(2)
  const ids = [await send(url), await send(url, issuer.token(order))].map(({ headers }) =>
    headers.get('x-request-id'),
  )
  await expect.poll(() => lines).toHaveLength(2)
  const records = lines!.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(records.map(({ requestId, outcome }) => [requestId, outcome])).toEqual([
    [ids[0], 'refused'],
    [ids[1], 'granted'],
  ])
})
