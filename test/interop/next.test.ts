import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../examples/order-flow/src/servers/child-process.ts'
import { root } from '../../scripts/run.mjs'
import { recipeCode } from '../docs/recipe.ts'
import { packagesFolder } from './packages.ts'
import { resultsOf } from './results.ts'

// The recipe in docs/recipes/next-js.md, built and started by Next.js.

const require = createRequire(join(packagesFolder, 'package.json'))
const { version } = require('next/package.json') as { readonly version: string }
const addResult = resultsOf('Next.js')
const issuer = await createTestIssuer()
afterAll(() => issuer.close())

const app = join(packagesFolder, 'node_modules', '.cache', 'next-app')
const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }

function write(path: string, content: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true })
  writeFileSync(join(app, path), content)
}

function next(...args: readonly string[]): ChildProcess {
  const script = require.resolve('next/dist/bin/next')
  return spawn(process.execPath, [script, ...args], { cwd: app, env, stdio: 'pipe' })
}

/** A token that is valid now: the clock of the issuer has not moved while the app was built. */
function tokenWith(scope: string): string {
  const iat = Math.floor(Date.now() / 1000)
  return issuer.token({
    aud: 'order-service',
    sub: 'user-1',
    scope,
    claims: { iat, exp: iat + 300 },
  })
}

let url = ''
let server: ChildProcess | undefined

beforeAll(async () => {
  rmSync(app, { recursive: true, force: true })
  write('package.json', '{ "private": true, "type": "module" }\n')
  // The packages of this repository are outside of the app.
  write('next.config.mjs', `export default { turbopack: { root: ${JSON.stringify(root)} } }\n`)
  write('app/api/orders/[id]/route.js', recipeCode('next-js', issuer.url))
  write('app/orders/[id]/route.js', recipeCode('next-js', issuer.url))
  write('proxy.js', recipeCode('next-js', issuer.url, 1))
  mkdirSync(join(app, 'node_modules/@resource-server'), { recursive: true })
  symlinkSync(join(root, 'packages/fetch'), join(app, 'node_modules/@resource-server/fetch'))
  const build = next('build')
  const output = Promise.all([text(build.stdout!), text(build.stderr!)])
  const [code] = (await once(build, 'exit')) as [number]
  if (code !== 0) throw new Error((await output).join('\n'))
  const port = await freePort()
  server = next('start', '--hostname', '127.0.0.1', '--port', String(port))
  server.stderr!.resume()
  for await (const line of createInterface({ input: server.stdout! })) {
    if (/ready in/i.test(line)) break
  }
  server.stdout!.resume()
  url = `http://127.0.0.1:${port}`
})

afterAll(async () => {
  if (server?.exitCode !== null || !server.kill()) return
  await once(server, 'exit')
})

const send = (path: string, token?: string, headers = {}): Promise<Response> =>
  fetch(`${url}${path}`, {
    headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
  })

// The proxy is for /api, and the handlers are the same.
describe.each(['/api/orders/7', '/orders/7'])('GET %s', (path) => {
  test('a request without a token gets a challenge', async () => {
    const refused = await send(path)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer realm="api"/)
    expect(refused.headers.get('cache-control')).toContain('no-store')
  })

  test('a request without the scope gets its name', async () => {
    const refused = await send(path, tokenWith('other'))
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('scope="orders:read"')
  })

  test('a request with the scope reaches the handler', async () => {
    const response = await send(path, tokenWith('orders:read'))
    expect([response.status, await response.json()]).toEqual([200, { id: '7', owner: 'user-1' }])
    addResult({ kind: 'accepted', what: `Next.js ${version}, GET ${path}`, seen: 'user-1' })
  })

  test('a request that claims to be a subrequest of the proxy gets a challenge', async () => {
    const depth = Array.from({ length: 5 }, () => 'proxy').join(':')
    const headers = { 'x-middleware-subrequest': depth, 'x-middleware-next': '1' }
    expect((await send(path, undefined, headers)).status).toBe(401)
  })
})
