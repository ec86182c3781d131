import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { once } from 'node:events'
import { createServer, type RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { guardsBefore } from '../src/app/judge.ts'
import { loadApp } from '../src/app/load-app.ts'
import { cli } from './cli.ts'

const folder = fileURLToPath(new URL('apps', import.meta.url))
const fileOf = (name: string): string => `${folder}/${name}`

const doctor = (name: string, ...more: readonly string[]) =>
  cli(['doctor', '--app', fileOf(name), ...more])

const expressTable = `
– GET /health                     public
✘ GET /late                       no guard runs: requireAuthentication comes after the handler (handle)
✔ GET /orders                     requireAudience(order-service), requireScope(orders:read)
✔ GET /orders/:id/lines/:line     requireAudience(order-service)
✔ DELETE /orders/:id/lines/:line  requireAudience(order-service), requireScope(orders:write)
– ALL /reports/public/*           static files, without a guard
✔ ALL /reports/*rest              requireAuthentication
✘ GET /admin/users                no guard runs: requireScope(admin) comes after the handler (handle)
✔ POST /admin/users               requireScope(admin)
✔ GET /left                       requireDirect
✘ GET /left                       no guard runs: requireDirect comes after the handler (handle)
✔ GET /mixed                      requireDirect
✘ POST /mixed                     no guard runs: requireDirect comes after the handler (handle)
✘ PUT /mixed                      no guard runs: requireDirect comes after the handler (handle)
✘ PATCH /mixed                    no guard runs: requireDirect comes after the handler (handle)
✘ DELETE /mixed                   no guard runs: requireDirect comes after the handler (handle)
✘ ALL /blocked/*                  no guard runs: requireDirect comes after the handler (handle)
✘ GET /blocked/x                  no guard runs: requireDirect comes after the handler (handle)
✔ GET /wrapped                    requireDirect
✘ POST /hooks                     no guard runs: requireDirect comes after the handler (an anonymous function)
✔ GET /^\\/items\\/(\\d+)$/          requireDirect
✔ GET /later                      requireDirect`

const tables: Readonly<Record<string, string>> = {
  'express-5.mjs#createApp': expressTable,
  'express-4.mjs#createApp': expressTable.replace('*rest', '*    '),
  'koa.mjs#createApp': `
– GET /health                  public
✘ POST /orders                 no guard runs: requireScope(orders:write) comes after the handler (handle)
✔ GET /orders/:id              requireAudience(order-service), requireScope(orders:read)
✔ GET /orders/:id/lines/:line  requireAudience(order-service)
✔ GET /other                   requireDirect
✘ GET /free                    no guard runs: requireAuthentication comes after the handler (handle)
✔ ALL /items/:id               requireAuthentication`,
  'fastify.mjs#createApp': `
✘ GET /early              no guard
✔ GET /orders/:id         requireScope(orders:read)
✔ POST /orders            requireScope(orders:write)
✔ GET /admin/users        requireAuthentication
✔ GET /admin/deep/nested  requireAuthentication`,
}

/** The lines about routes, without what to do. */
function routesIn(out: string): string {
  const isRoute = /^[✔✘–!] [A-Z]+ \/|^! \//
  return `\n${out
    .split('\n')
    .filter((line) => isRoute.test(line))
    .join('\n')}`
}

describe.each(Object.entries(tables))('doctor --app %s', (name, table) => {
  test('lists every route with its guards, and those without one', async () => {
    const { code, out } = await doctor(name, '--public', '/health')
    expect(routesIn(out)).toBe(table)
    expect(code).toBe(1)
  })

  test('says of each route what a request without a token experiences', async () => {
    const { targets } = await loadApp(fileOf(name))
    const request = await start(name)
    const routes = targets.filter(
      ({ kind, answers }) => kind === 'route' && answers.role !== 'static',
    )
    const found: string[] = []
    const expected: string[] = []
    for (const target of routes) {
      const path = requestPathOf(target.path)
      const method = target.method === 'ALL' ? 'GET' : target.method
      const line = (isGuarded: boolean): string =>
        `${method} ${path} ${isGuarded ? 'guarded' : 'open'}`
      // oxlint-disable-next-line no-await-in-loop -- in order, so that a difference is easy to read
      found.push(line(await request(method, path)))
      expected.push(line(guardsBefore(target).length > 0))
    }
    // The second route at this path answers, as it does for any request.
    expect(found).toEqual(expected.map((line) => line.replace('/left guarded', '/left open')))
    expect(routes.length).toBeGreaterThan(4)
  })
})

/** A path that the pattern of a fixture matches. */
function requestPathOf(pattern: string): string {
  return pattern.includes('items\\') ? '/items/7' : pattern.replaceAll(/:\w+|\*\w*/g, '7')
}

interface Created {
  readonly callback?: () => RequestListener
  readonly routing?: RequestListener
  readonly ready?: () => Promise<void>
}

/** Sends a request without a token to the app. Resolves to whether its handler did not run. */
async function start(name: string): Promise<(method: string, path: string) => Promise<boolean>> {
  const [path = ''] = fileOf(name).split('#')
  const { createApp } = (await import(path)) as { createApp: () => Created | Promise<Created> }
  const app = await createApp()
  await app.ready?.()
  const server = createServer(app.callback?.() ?? app.routing ?? (app as RequestListener))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (method, url) => {
    const response = await fetch(`http://127.0.0.1:${port}${url}`, { method })
    // The handlers of the fixtures return the path.
    return !/^ok$|"(?:path|url)"/.test(await response.text())
  }
}

describe('doctor --app', () => {
  test.each(['express-5.mjs#createApp', 'express-4.mjs#createApp'])(
    'names metadata() under a prefix and CORS after the guards in %s',
    async (name) => {
      const { out } = await doctor(name)
      expect(out).toMatch(/^✘ resource metadata +metadata\(\) is mounted under \/api, but clients/m)
      expect(out).toMatch(
        /^✘ CORS +corsMiddleware runs after requireDirect: refusals have no CORS/m,
      )
    },
  )

  test.each(['koa.mjs#createApp', 'fastify.mjs#createApp'])(
    'names an error handler that hides refusals in %s',
    async (name) => {
      const { out } = await doctor(name)
      expect(out).toMatch(/^✘ error handler +onError does not use the status of the error/m)
    },
  )

  test('names an error handler between a guard and a handler that continues', async () => {
    const { out } = await doctor('error-handlers.mjs#passesOn')
    expect(out).toMatch(
      /^✘ error handler +ignore calls next\(\) without the error, between a guard/m,
    )
    expect((await doctor('error-handlers.mjs#forwards')).out).not.toContain('error handler')
  })

  test('names an error handler that sends success, unless refusals do not get there', async () => {
    const found = (await doctor('error-handlers.mjs#success')).out
    expect(found).toMatch(/^✘ error handler +asSuccess does not use the status of the error/m)
    for (const name of ['status', 'replies']) {
      // oxlint-disable-next-line no-await-in-loop -- they share a module
      const { code, out } = await doctor(`error-handlers.mjs#${name}`)
      expect({ code, out }).toEqual({ code: 0, out: expect.not.stringContaining('error handler') })
    }
  })

  test('passes CORS, metadata, and routes that are set up well', async () => {
    const { code, out } = await doctor('well.mjs', '--public', '/health/*')
    expect(out).not.toMatch(/[✘!]/)
    expect(out.match(/^✔ CORS /gm)).toHaveLength(1)
    expect(out).toMatch(/^– ALL \/health\/\* +public$/m)
    expect(out).toMatch(/^– ALL \/\* +answers paths without a route \(404\)$/m)
    expect(out).toMatch(/^✔ resource metadata +\/\.well-known\/oauth-protected-resource$/m)
    expect(out).toMatch(/^✔ GET \/open +requireAudience\(b\) \[1\]; anonymous requests pass$/m)
    expect(code).toBe(0)
  })

  test('names routes that no audience applies to, and metadata that nothing serves', async () => {
    const { out } = await doctor('no-audience.mjs')
    expect(out).toMatch(/^✘ GET \/orders +requireScope\(a\): no audience is configured/m)
    expect(out).toMatch(/^✔ GET \/items +requireAudience\(b\), requireScope\(a\)$/m)
    expect(out).toMatch(
      /^! resource metadata +challenges name .* but metadata\(\) is not mounted$/m,
    )
  })

  test('tells the guards of several resource servers apart', async () => {
    const { out } = await doctor('two-servers.mjs')
    expect(out).toMatch(/^✔ GET \/orders +requireScope\(a\) \[1\]$/m)
    expect(out).toMatch(/^✔ GET \/users +requireAudience\(b\) \[2\], requireScope\(c\) \[2\]$/m)
    expect(out).toMatch(/^✘ GET \/both +requireDirect \[1\], requireScope\(c\) \[2\]: no audience/m)
    expect(out).toMatch(/^– resource servers +the app has 2\. The number after each guard/m)
  })

  test('exits with 2 if a pattern cannot be examined', async () => {
    const { code, out } = await doctor('unknown.mjs')
    expect(out).toContain(String.raw`! /^\/(?=zzz)z+/  not checked`)
    expect(code).toBe(2)
  })

  test('finds the mount paths of routers that do not keep them', async () => {
    const { out } = await doctor('old-router.mjs')
    expect(out).toMatch(/^✔ GET \/orders\/:id +requireAuthentication$/m)
  })

  test('says that it does not see into middleware that koa-compose joins', async () => {
    const { code, out } = await doctor('koa-hidden.mjs#app')
    expect(out).toMatch(/^! \/\* +not checked: middleware that koa-compose joins$/m)
    expect(code).toBe(2)
  })

  test('keeps the app from listening', async () => {
    const listen = (): unknown => Reflect.get(Server.prototype, 'listen')
    const original = listen()
    const { out } = await doctor('listens.mjs')
    expect(out).toMatch(/^! listen /m)
    expect(out).toMatch(/^✔ GET \/orders +requireAuthentication$/m)
    expect(listen()).toBe(original)
  })

  test('says what to do if the app waits until it listens', async () => {
    const { code, err } = await doctor('waits-to-listen.mjs')
    expect(code).toBe(64)
    expect(err).toContain('waits until a server listens')
    expect(err).toContain('Export the app from a module that does not call listen().')
  })

  test.each([
    ['missing.mjs', 'The app cannot be loaded'],
    [
      'well.mjs#other',
      "The module has no export 'other'.\n         → Name one of its exports in --app: app.",
    ],
    ['express-routes.mjs#addRoutes', 'The app cannot be loaded: Cannot destructure'],
    ['common.cjs#other', "The module has no export 'other'."],
    ['not-an-app.mjs#text', 'is not an Express, Fastify, or Koa app'],
  ])('of %s exits with 64', async (name, message) => {
    const { code, err } = await doctor(name)
    expect(code).toBe(64)
    expect(err).toContain(message)
  })

  test.each(['common.cjs', 'common.cjs#app', 'common.cjs#createApp'])(
    'loads CommonJS: %s',
    async (name) => {
      const { out } = await doctor(name)
      expect(out).toMatch(/^✔ GET \/orders +requireAuthentication$/m)
    },
  )

  test('says how to load TypeScript', () => {
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
    const directory = mkdtempSync(join(tmpdir(), 'resource-server-app-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const app = join(directory, 'app.tsx')
    writeFileSync(app, 'export const app = undefined')
    const args = [main, 'doctor', '--app', app]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status).toBe(64)
    expect(stderr).toContain('NODE_OPTIONS="--import tsx"')
  })

  test('accepts routes that are public on purpose, and refuses another text', async () => {
    const { out } = await doctor('fastify.mjs#createApp', '--public', 'GET /early')
    expect(out).toMatch(/^– GET \/early +public$/m)
    const post = await doctor('fastify.mjs#createApp', '--public', 'POST /early')
    expect(post.out).toMatch(/^✘ GET \/early +no guard$/m)
    const below = await doctor('koa.mjs#createApp', '--public', '/health', '--public', 'POST /*')
    expect(below.out).toMatch(/^– POST \/orders +public$/m)
    const { code, err } = await doctor('koa.mjs#createApp', '--public', 'health')
    expect(code).toBe(64)
    expect(err).toContain("'health' is not a route.")
  })

  test('prints JSON', async () => {
    const { out } = await doctor('koa.mjs#createApp', '--json')
    expect(JSON.parse(out)).toContainEqual({
      check: 'GET /orders/:id',
      result: 'passed',
      detail: 'requireAudience(order-service), requireScope(orders:read)',
    })
  })
})
