import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { resourceServer as forExpress } from '@resource-server/express'
import { resourceServer as forFetch } from '@resource-server/fetch'
import { createTestIssuer } from '@resource-server/testing'
import Koa from 'koa'
import express from 'express'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { requireNodeVersion } from '../../packages/core/src/platform/node-version.ts'
import { root } from '../../scripts/run.mjs'
import { firstScreen, moduleFile } from './cli.ts'

// The mistakes that new users make most often, by the numbers that the project gave them. The first screen of the
// command, or the error itself, says what is wrong and what to do.

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const audience = 'order-service'
const token = issuer.token({ aud: audience })
const options = { issuer: issuer.url, audience }

const explain = (input: string, from = issuer.url, aud = audience, ...more: readonly string[]) =>
  firstScreen(['explain', '--issuer', from, '--audience', aud, ...more], input)
const doctorOf = (from: string) => firstScreen(['doctor', '--issuer', from, '--audience', audience])
const doctorWith = (text: string) => firstScreen(['doctor', '--config', moduleFile(text)])
const doctorApp = (text: string) => firstScreen(['doctor', '--app', moduleFile(text)])

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const errorOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
    return 'nothing was thrown'
  } catch (error) {
    return (error as Error).message
  }
}

/** An app of Express for `doctor --app`. */
const expressApp = (lines: string, more = ''): string => `
  import { resourceServer } from '@resource-server/express'
  import express from 'express'
  const api = resourceServer({ issuer: '${issuer.url}', audience: '${audience}', log: 'off', ${more} })
  export const app = express()
  ${lines}`

test('1: a trailing slash of the issuer', async () => {
  const screen = await explain(token, `${issuer.url}/`)
  expect(screen).toContain(`the token's iss is "${issuer.url}", expected "${issuer.url}/"`)
  expect(screen).toContain("They differ by a trailing slash. Set 'issuer' exactly as in the token")
  expect(await doctorOf(`${issuer.url}/`)).toContain("Set 'issuer' to the issuer in the metadata")
})

test.each([
  ['another realm', '/realms/other', 'The token is from another realm or tenant'],
  ['localhost', '', "set 'issuer' to the iss of its tokens and 'jwksUri' to a URL of its key set"],
])('2: %s', async (_what, path, fix) => {
  const configured = path ? issuer.url + path : issuer.url.replace('127.0.0.1', 'localhost')
  const screen = await explain(token, configured)
  expect(screen).toContain(`the token's iss is "${issuer.url}", expected "${configured}"`)
  expect(screen).toContain(fix)
})

test('3: the URL of the metadata as the issuer', async () => {
  const screen = await doctorOf(`${issuer.url}/.well-known/openid-configuration`)
  expect(screen).toContain('is the URL of its metadata')
  expect(screen).toContain(
    `Set it to the value of 'issuer' in that metadata, such as '${issuer.url}'`,
  )
})

test('4: a public issuer that is reached only at an internal address', async () => {
  const screen = await doctorOf('https://login.invalid/realms/shop')
  expect(screen).toMatch(/getaddrinfo (?:ENOTFOUND|EAI_AGAIN) login\.invalid/)
  expect(screen).toContain(
    "keep 'issuer' as it is in the tokens, and set 'jwksUri' to a URL of the key set",
  )
})

test('5: a wrong audience', async () => {
  const screen = await explain(token, issuer.url, 'billing')
  expect(screen).toContain(
    'aud is ["order-service"], expected one of ["billing"] (audience_mismatch)',
  )
  expect(screen).toContain('Have the client request a token for this service.')
})

test('6: an audience that differs by a slash', async () => {
  const aud = 'https://orders.example.com'
  const screen = await explain(issuer.token({ aud: `${aud}/` }), issuer.url, aud)
  expect(screen).toContain('They differ only in case or in a trailing slash')
  expect(screen).toContain("Use the same text in 'audience' and at the issuer")
})

test('7: an opaque token', async () => {
  const screen = await explain('ory_at_abcdefghijklmn')
  expect(screen).toContain('it is probably an opaque token')
  expect(screen).toContain('have the issuer issue JWT access tokens')
})

test.each([
  [
    'a variable that is not set',
    'undefined',
    "is the text 'undefined'. Check whether the client sets",
  ],
  [
    'the scheme without a token',
    'Bearer undefined',
    "begins with the word 'Bearer'. Pass only the token",
  ],
  [
    'the scheme and a token',
    `Bearer ${token}`,
    "begins with the word 'Bearer'. Pass only the token",
  ],
  ['a token in quotes', `"${token}"`, 'is in quotes. Send it without them'],
])('8: %s', async (_what, input, expected) => {
  expect(await explain(input)).toContain(expected)
})

test('9: a list as the issuer', async () => {
  const wrong = { issuer: ['https://a.example', 'https://b.example'], audience } as never
  expect(await errorOf(() => forExpress(wrong))).toBe(
    "'issuer' must be a string, got an array. Use issuers: ['https://…', 'https://…'] for several issuers.",
  )
})

test('10: a guard that is not called', async () => {
  const api = forExpress(options)
  onTestFinished(() => api.close())
  const errors: unknown[] = []
  const app = express().get('/', api.requireScope as never, (_req, res) => void res.send('in'))
  app.use(((error, _req, res, _next) => {
    errors.push(error)
    res.sendStatus(500)
  }) satisfies express.ErrorRequestHandler)
  await fetch(await listen(app))
  expect(String(errors[0])).toContain(
    "requireScope was passed as a guard without being called: it got a Node request. Call it: requireScope('orders:read').",
  )
})

test('11: the token of another instance', async () => {
  const [one, other] = [forExpress(options), forExpress({ ...options, clock: issuer.clock })]
  const messages: string[] = []
  const app = express().get('/', other.requireAuthentication(), async (req, res) => {
    messages.push(await errorOf(() => one.token(req)))
    res.send('in')
  })
  const headers = { authorization: `Bearer ${token}` }
  await fetch(await listen(app), { headers })
  expect(messages).toEqual([
    'No guard of this resource server ran on this request, but a guard of another one did. Read the token from the ' +
      'resource server whose guard is on the route. Create it once, and import it.',
  ])
  for (const api of [one, other]) api.close()
})

test.each([
  ['404', 404, {}, '', 'status 404', "Check 'issuer'. If the authorization server has no metadata"],
  ['401', 401, {}, '', 'status 401', "Pass a 'fetch' that sends it, or set 'jwks' to the keys"],
  [
    'a redirect',
    302,
    { location: '/login' },
    '',
    'status 302 to /login',
    "and 'jwksUri' to the URL of the key set",
  ],
  ['HTML', 200, {}, '<html>', 'status 200, but the body is not a JSON object', "Check 'issuer'"],
])('12: metadata that is %s', async (_what, status, headers, body, problem, fix) => {
  const url = await listen((_request, response) => response.writeHead(status, headers).end(body))
  const screen = await doctorOf(url)
  expect(screen).toContain(`${url}/.well-known/openid-configuration: ${problem}`)
  expect(screen).toContain(`${url}/.well-known/oauth-authorization-server: ${problem}`)
  expect(screen).toContain(fix)
})

test('13: an issuer that is down at startup', async () => {
  const down = await createTestIssuer()
  await down.close()
  const screen = await doctorOf(down.url)
  expect(screen).toContain(`connect ECONNREFUSED ${down.url.slice('http://'.length)}`)
  expect(screen).toContain("set 'jwksUri' to a URL of the key set that this service can reach")
})

test('14: a Node request in the fetch adapter', async () => {
  const api = forFetch(options)
  const request = new IncomingMessage(new Socket()) as never
  const message = await errorOf(() => api.authenticate(request, api.requireAuthentication()))
  expect(message).toContain(
    'a Node request. Use @resource-server/express, which also works with node:http.',
  )
})

test('15: an Express guard in a Koa app', async () => {
  const api = forExpress(options)
  const errors: unknown[] = []
  const app = new Koa().use(api.requireAuthentication() as never)
  app.on('error', (error) => errors.push(error))
  await fetch(await listen((request, response) => void app.callback()(request, response)))
  expect(String(errors[0])).toContain(
    'A guard for Express was called with a Koa context. Use @resource-server/koa.',
  )
})

test('16: a Fastify plugin that is not awaited', async () => {
  const screen = await doctorApp(`
    import { resourceServer } from '@resource-server/fastify'
    import fastify from 'fastify'
    export const app = fastify()
    app.register(resourceServer, { issuer: '${issuer.url}', audience: '${audience}' })
    app.get('/orders', { onRequest: app.requireScope('orders:read') }, async () => 'in')`)
  expect(screen).toContain('app.requireScope is not a function')
  expect(screen).toContain('Await app.register(resourceServer, …) before you define routes')
  // Without a call, nothing throws. The app itself warns when it is complete.
  const script = `
    import { resourceServer } from '@resource-server/fastify'
    import fastify from 'fastify'
    const app = fastify()
    app.register(resourceServer, { issuer: '${issuer.url}', audience: '${audience}' })
    await app.ready()
    await app.close()`
  const { stderr } = spawnSync(process.execPath, [moduleFile(script)], { encoding: 'utf8' })
  expect(stderr).toContain('does not protect any route')
  expect(stderr).toContain('Await app.register(resourceServer, …) before you define routes.')
})

test('17: a decision listener that throws', () => {
  const script = `
    import { createVerifier } from '@resource-server/core'
    const verifier = createVerifier({ issuer: '${issuer.url}', audience: '${audience}',
      onDecision: () => { throw new TypeError('no log') } })
    await verifier.check('x')
    setTimeout(() => verifier.close(), 0)`
  const { stderr } = spawnSync(process.execPath, [moduleFile(script)], { encoding: 'utf8' })
  expect(stderr).toMatch(/onDecision.*TypeError/)
})

test('18: a mistyped provider option', async () => {
  const screen = await doctorWith(`
    import { keycloak } from '@resource-server/core/providers'
    const issuer = keycloak('https://sso.example.com/realms/shop', { rolesof: ['order-service'] })
    export const options = { issuer, audience: '${audience}' }`)
  expect(screen).toContain("Unknown keycloak option 'rolesof'.")
  expect(screen).toContain("Did you mean 'rolesOf'?")
})

test('19: a token that is too large', async () => {
  const screen = await explain(issuer.token({ aud: audience, claims: { big: 'x'.repeat(9000) } }))
  expect(screen).toMatch(/the token has \d+ characters; maxTokenBytes is 8192/)
  expect(screen).toContain('or raise maxTokenBytes')
})

test('20: an algorithm that is not in the default list', async () => {
  await using other = await createTestIssuer({ algorithm: 'ES512' })
  const screen = await explain(other.token({ aud: audience }), other.url)
  expect(screen).toContain('the token\'s alg is "ES512", expected one of RS256')
  expect(screen).toContain("If the issuer uses it, add it to 'algorithms'")
  expect(await doctorOf(other.url)).toContain(
    "If the issuer signs access tokens with this algorithm, add it to 'algorithms'.",
  )
})

test('21: CORS after the guards', async () => {
  const screen = await doctorApp(
    expressApp(`
      const cors = (_req, res, next) => { res.set('Access-Control-Allow-Origin', '*'); next() }
      app.use(api.requireAuthentication(), cors)
      app.get('/orders', (_req, res) => res.json({}))`),
  )
  expect(screen).toContain('cors runs after requireAuthentication: refusals have no CORS headers')
  expect(screen).toContain('Put the CORS middleware before the guards.')
})

test('22: metadata() under a prefix', async () => {
  const api = forExpress({ ...options, resource: 'https://orders.example.com' })
  const resource = await listen(express().use('/api', api.metadata()))
  const screen = await doctorWith(
    `export const options = { issuer: '${issuer.url}', audience: '${audience}', resource: '${resource}' }`,
  )
  expect(screen).toContain(`${resource}/.well-known/oauth-protected-resource: status 404`)
  expect(screen).toContain('Mount metadata() at the root of the app')
  const lines = "app.use('/api', api.metadata())"
  const ofApp = await doctorApp(expressApp(lines, "resource: 'https://orders.example.com'"))
  expect(ofApp).toContain('metadata() is mounted under /api')
  expect(ofApp).toContain('Mount it at the root of the app, before the guards.')
})

test('23: a handler before the guard, and an error handler that swallows a refusal', async () => {
  const screen = await doctorApp(
    expressApp(
      `const list = (_req, res) => res.json({})
      app.get('/orders', list)
      app.use(api.requireAuthentication())
      app.get('/items', list)
      app.use(function onError(error, _req, res, _next) { res.json({ error: error.message }) })`,
      "onRefusal: 'throw'",
    ),
  )
  expect(screen).toContain(
    '✘ GET /orders no guard runs: requireAuthentication comes after the handler (list) → Put the guard before the handler.',
  )
  expect(screen).toContain(
    'onError does not use the status of the error, so a request that a guard refused gets status 200',
  )
  expect(screen).toContain("or leave 'onRefusal' at its default.")
})

test('24: Jest, TypeScript, and an old Node.js', async () => {
  // These errors come from the tools. The page has their messages, and test/jest and test/compilers try the settings.
  const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
  for (const message of [
    'Must use import to load ES Module',
    'TS1479',
    'TS2307',
    'ERR_REQUIRE_ESM',
  ]) {
    expect(page).toContain(message)
  }
  const message = await errorOf(() => requireNodeVersion({ node: '18.20.8' }))
  expect(page).toContain(message.split(' Upgrade')[0])
  expect(message).toContain('Upgrade Node.js: see docs/troubleshooting.md.')
})

test('25: a clock that is off by ten minutes', async () => {
  const config = `export const options = { issuer: '${issuer.url}', audience: '${audience}',
    clock: { now: () => Date.now() + 600_000, monotonic: () => performance.now() } }`
  const screen = await doctorWith(config)
  expect(screen).toMatch(/✘ clock (?:599|600|601) s ahead of the authorization server/)
  expect(screen).toContain('Synchronize the clocks with a time server (NTP)')
  const explained = await firstScreen(['explain', '--config', moduleFile(config)], token)
  expect(explained).toMatch(
    /This process's clock is (?:599|600|601) s ahead of the authorization server's clock/,
  )
})
