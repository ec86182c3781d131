import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { doctor } from './cli.ts'

const clients = {
  'order-service': { secret: 'the secret', targets: { 'inventory-service': ['stock:read'] } },
}
const issuer = await createTestIssuer({ clients })
afterAll(() => issuer.close())

const options = (more: string): string =>
  `{ issuer: '${issuer.url}', audience: 'order-service', ${more} }`

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('introspection', () => {
  const introspection = (more: string): string => `
    import { introspect } from '@resource-server/introspection'
    export const options = ${options(`introspection: introspect({ ${more} })`)}`

  test('passes if the server accepts the client', async () => {
    const client = "client: { id: 'order-service', secret: 'the secret' }, prefix: 'op_'"
    const { code, out } = await doctor(introspection(client))
    expect(out).toContain(`✔ introspection           ${issuer.url} accepts the client`)
    expect(code).toBe(0)
    // Nothing but a made-up token was sent.
    const [, token] = issuer.introspection.requests.at(-1)!.form.find(([name]) => name === 'token')!
    expect(token).toMatch(/^op_[\w-]{32}$/)
  })

  test('names a wrong secret, without it', async () => {
    const { code, out } = await doctor(
      introspection("client: { id: 'order-service', secret: 'wrong secret' }"),
    )
    expect(code).toBe(1)
    expect(out).toMatch(
      /^✘ introspection .*status 401. It does not accept the client: check client.id/m,
    )
    expect(out).not.toContain('wrong secret')
  })

  test('names a server without the endpoint', async () => {
    await using other = await createTestIssuer()
    const client = "client: { id: 'order-service', secret: 'the secret' }"
    const { out } = await doctor(introspection(client).replaceAll(issuer.url, other.url))
    expect(out).toMatch(/^✘ introspection .*has no valid introspection endpoint/m)
  })
})

describe('a hop', () => {
  const hop = (more: string, client = "{ id: 'order-service', secret: 'the secret' }"): string => `
    import { nextHop } from '@resource-server/exchange'
    export const options = ${options('')}
    export const hops = {
      inventory: nextHop({ issuer: '${issuer.url}', client: ${client}, log: 'off', ${more} }),
    }`

  test('passes if the server accepts the client and the target', async () => {
    const { code, out } = await doctor(hop("audience: 'inventory-service'"))
    expect(out).toMatch(/^✔ hop inventory +the authorization server accepts the client$/m)
    expect(code).toBe(0)
  })

  test('names a wrong secret, without it', async () => {
    const client = "{ id: 'order-service', secret: 'wrong secret' }"
    const { code, out } = await doctor(hop("audience: 'inventory-service'", client))
    expect(code).toBe(1)
    expect(out).toMatch(/^✘ hop inventory .*"invalid_client".* Check the client ID and the secret/m)
    expect(out).not.toContain('wrong secret')
  })

  test('must be a hop', async () => {
    const { code, err } = await doctor(
      `export const options = ${options('')}; export const hops = { inventory: {} }`,
    )
    expect(code).toBe(64)
    expect(err).toContain(
      "'hops.inventory' is not a hop.\n         → Export the results of nextHop() by name",
    )
  })
})

describe('a store', () => {
  const stores = (keyStore: string, replay: string): string => `
    const values = new Map()
    const keyStore = ${keyStore}
    const replay = ${replay}
    export const options = ${options(`publicUrl: 'https://orders.example.com', dpop: { store: replay },
      keyStore: { store: keyStore, secret: 'x'.repeat(32) }`)}`
  const goodKeyStore =
    '{ get: async (name) => values.get(name), set: async (name, value) => values.set(name, value) }'
  const goodReplay =
    '{ consume: ({ id }) => { const isNew = !values.has(id); values.set(id, 1); return isNew } }'

  test('passes if it returns what it stores, and accepts a proof once', async () => {
    const { code, out } = await doctor(stores(goodKeyStore, goodReplay))
    expect(out).toMatch(/^✔ key store +returns what it stores$/m)
    expect(out).toMatch(/^✔ replay store +accepts a proof only once$/m)
    expect(code).toBe(0)
  })

  test('fails if it forgets, or accepts a proof twice', async () => {
    const { code, out } = await doctor(
      stores('{ get: async () => null, set: async () => {} }', '{ consume: () => true }'),
    )
    expect(code).toBe(1)
    expect(out).toMatch(/^✘ key store +it does not return a value that was just stored$/m)
    expect(out).toMatch(/^✘ replay store +it answers true and true .* expected true and false$/m)
  })

  test('fails without the text of its error, which may contain a password', async () => {
    const failing = "async () => { throw new Error('redis://:password@host') }"
    const { out } = await doctor(
      stores(`{ get: ${failing}, set: ${failing} }`, `{ consume: ${failing} }`),
    )
    expect(out).toMatch(/^✘ key store +the store failed: Error$/m)
    expect(out).not.toContain('password@')
  })
})

test('the list of revoked tokens must be up to date', async () => {
  const list = (feed: string): string => `
    import { createRevocationList, memoryRevocationFeed } from '@resource-server/revocation'
    const revocation = createRevocationList({ feed: ${feed} })
    export const options = ${options('maxLifetime: 600, revocation')}`
  const good = await doctor(list('memoryRevocationFeed()'))
  expect(good.out).toMatch(/^✔ revocation +the list from memory is up to date$/m)
  expect(good.code).toBe(0)
  const failing =
    "async () => { throw Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }) }"
  const feed = `{ name: 'redis', append: ${failing}, read: ${failing}, subscribe: () => () => {} }`
  const bad = await doctor(list(feed))
  expect(bad.out).toMatch(/^✘ revocation .*ECONNREFUSED/m)
  expect(bad.out).not.toContain('secret')
  expect(bad.code).toBe(1)
})

describe('the resource metadata', () => {
  const at = (resource: string): string =>
    `export const options = ${options(`resource: '${resource}'`)}`

  test('passes if the service publishes it', async () => {
    const origin = await listen((_request, response) => {
      response.end(JSON.stringify({ resource: origin }))
    })
    const { code, out } = await doctor(at(origin))
    expect(out).toMatch(/^✔ resource metadata +http:\S+\/\.well-known\/oauth-protected-resource$/m)
    expect(code).toBe(0)
  })

  test('fails with what to do if it is not found', async () => {
    const origin = await listen((_request, response) => response.writeHead(404).end())
    const { code, out } = await doctor(at(origin))
    expect(code).toBe(1)
    expect(out).toMatch(/^✘ resource metadata .*: status 404\n +→ Mount metadata\(\) at the root/m)
  })

  test('fails if it names another resource', async () => {
    const origin = await listen((_request, response) => {
      response.end(JSON.stringify({ resource: 'https://other.example' }))
    })
    expect((await doctor(at(origin))).out).toContain("differs from the option 'resource'")
  })

  test('is skipped if the service does not run', async () => {
    await using down = await createTestIssuer()
    await down.close()
    const { code, out } = await doctor(at(down.url))
    expect(out).toMatch(/^– resource metadata .*Start the service to check it$/m)
    expect(code).toBe(0)
  })
})
