import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Hono } from 'hono'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, onTestFinished, test } from 'vitest'

// The example in the README, run as it is. Only the addresses are replaced.

const folder = new URL('../node_modules/.cache/readme/', import.meta.url)
const file = new URL('example.ts', folder)
afterAll(() => rmSync(file, { force: true }))

test('the example in the README protects its routes', async () => {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /^```ts\n([\s\S]*?)^```$/m
    .exec(readme)!
    .at(1)!
    .replace('https://as.example.com', issuer.url)
    .replace('@resource-server/hono', '../../../src/index.ts')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code)
  const { default: app } = (await import(/* @vite-ignore */ file.href)) as {
    readonly default: Hono
  }
  const call = async (scope?: string): Promise<readonly [number, string]> => {
    const token = issuer.token({ aud: 'order-service', scope: scope ?? '' })
    const headers = scope === undefined ? {} : { Authorization: `Bearer ${token}` }
    const response = await app.request('/orders/7', { headers })
    return [response.status, await response.text()]
  }
  expect((await call())[0]).toBe(401)
  expect((await call('other'))[0]).toBe(403)
  expect(await call('orders:read')).toEqual([200, '{"id":"7","owner":"user-42"}'])
})
