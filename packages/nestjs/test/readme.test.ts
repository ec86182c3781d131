import 'reflect-metadata'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
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
    .replace('@resource-server/nestjs', '../../../src/index.ts')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code)
  const { AppModule } = (await import(/* @vite-ignore */ file.href)) as { readonly AppModule: Type }
  const app = await NestFactory.create(AppModule, { logger: false })
  onTestFinished(() => app.close())
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const call = async (path: string, scope?: string): Promise<number> => {
    const token = issuer.token({ aud: 'order-service', scope: scope ?? '' })
    const headers = scope === undefined ? {} : { Authorization: `Bearer ${token}` }
    return (await fetch(`${url}${path}`, { headers })).status
  }
  expect(await call('/orders')).toBe(200)
  expect(await call('/orders/1')).toBe(401)
  expect(await call('/orders/1', 'other')).toBe(403)
  expect(await call('/orders/1', 'orders:read')).toBe(200)
})
