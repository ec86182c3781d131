import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'

// The first example in the README, run as it is. Only the addresses are replaced.

const folder = new URL('../node_modules/.cache/readme/', import.meta.url)
const file = new URL('example.ts', folder)
afterAll(() => rmSync(file, { force: true }))

test('the example in the README protects its WebSockets', async () => {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const code = /^```ts\n([\s\S]*?)^```$/m
    .exec(readme)!
    .at(1)!
    .replace('https://as.example.com', issuer.url)
    .replace('@resource-server/ws', '../../../src/index.ts')
    .replace('server.listen(3000)', "export const running = server.listen(0, '127.0.0.1')")
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code)
  const { running } = (await import(/* @vite-ignore */ file.href)) as { readonly running: Server }
  if (!running.listening) await once(running, 'listening')
  onTestFinished(() => void running.close())
  const { port } = running.address() as AddressInfo
  const connect = async (scope?: string): Promise<string> => {
    const token = issuer.token({ aud: 'order-service', scope: scope ?? '' })
    const headers = scope === undefined ? {} : { Authorization: `Bearer ${token}` }
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers })
    onTestFinished(() => socket.terminate())
    const message = once(socket, 'message').then(([data]) => String(data))
    return message.catch((error: Error) => error.message)
  }
  expect(await connect()).toBe('Unexpected server response: 401')
  expect(await connect('other')).toBe('Unexpected server response: 403')
  expect(await connect('orders:read')).toBe('The orders of user-42')
})
