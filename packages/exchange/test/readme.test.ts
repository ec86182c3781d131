import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

// The example that a new user copies first. It is JavaScript, so that it runs without a compiler.

const packageUrl = new URL('../', import.meta.url)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('the example "Try it in five minutes" in the README prints what it says', async () => {
  const page = readFileSync(new URL('README.md', packageUrl), 'utf8')
  const section = page.split('## Try it in five minutes\n')[1] ?? ''
  const [, example = ''] = /```ts\n([^]*?)```/.exec(section) ?? []
  const ports = [await freePort(), await freePort()]
  const code = example.replaceAll('3000', String(ports[0])).replaceAll('3001', String(ports[1]))
  const folder = new URL('node_modules/.cache/readme/', packageUrl)
  const file = new URL('example.mjs', folder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, code)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { stdout } = await promisify(execFile)(process.execPath, [file.pathname])
  const [, expected] = /console\.log\(await response\.json\(\)\) \/\/ (.*)/.exec(example) ?? []
  expect(stdout.trim()).toBe(expected)
})
