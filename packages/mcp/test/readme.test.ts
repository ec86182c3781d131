import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { callTool, listen, send, startIssuer } from './support.ts'

// The example in the README, run as it is. Only the addresses are replaced.

const issuer = await startIssuer()
const folder = new URL('../node_modules/.cache/readme/', import.meta.url)
const file = new URL('example.ts', folder)
afterAll(() => rmSync(file, { force: true }))

test('the example in the README protects its tool', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /^```ts\n([\s\S]*?)^```$/m
    .exec(readme)!
    .at(1)!
    .replace('https://as.example.com', issuer.url)
    .replace('@resource-server/mcp', '../../../src/index.ts')
    .replace('app.listen(3000)', "export const server = app.listen(0, '127.0.0.1')")
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code)
  const { server } = (await import(/* @vite-ignore */ file.href)) as { readonly server: Server }
  const port = await listen(server)
  const call = async (scope?: string): Promise<number> => {
    const aud = 'https://mcp.example.com/mcp'
    const token = scope === undefined ? undefined : issuer.token({ aud, scope })
    return (await send(port, { token, ...callTool('orders.cancel') })).status
  }
  expect(await call()).toBe(401)
  expect(await call('mcp:basic')).toBe(403)
  expect(await call('mcp:basic orders:write')).toBe(200)
  const path = '/.well-known/oauth-protected-resource/mcp'
  expect(await send(port, { method: 'GET', path })).toMatchObject({ status: 200 })
})
