import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../src/index.ts'
import { cli } from './cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-mint-'))
afterAll(() => rmSync(folder, { recursive: true }))
const keyFile = join(folder, 'issuer.json')
const aud = 'order-service'
const mint = (...args: readonly string[]) =>
  cli(['mint', '--key-file', keyFile, '--audience', aud, ...args])

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs `issuer` until the tests are done. Resolves once it has printed its URL. */
async function startIssuer(
  ...args: readonly string[]
): Promise<{ url: string; end: () => Promise<number> }> {
  const stopped = new AbortController()
  let ended: Promise<number> | undefined
  const url = await new Promise<string>((resolve, reject) => {
    const write = (text: string): void => {
      const [, found] = /^Issuer +(\S+)$/m.exec(text) ?? []
      if (found !== undefined) resolve(found)
    }
    const terminal = { write, warn: () => {}, color: false, isInteractive: false }
    ended = run(['issuer', '--key-file', keyFile, ...args], {
      ...terminal,
      stdin: (async function* () {})(),
      stop: stopped.signal,
    })
    ended.then((code) => reject(new Error(`ended with ${code}`)), reject)
  })
  return {
    url,
    end: () => {
      stopped.abort()
      return ended!
    },
  }
}

let issuer: Awaited<ReturnType<typeof startIssuer>>
let port: number
beforeAll(async () => {
  port = await freePort()
  issuer = await startIssuer('--port', String(port))
})
afterAll(() => issuer.end())

describe('mint', () => {
  test('prints a token to standard output that a service accepts, and nothing else', async () => {
    const { code, out, err } = await mint(
      ...['--scope', 'orders:read orders:write', '--subject', 'user-7', '--client', 'web'],
      ...['--actor', 'user-service', '--actor', 'gateway', '--claim', 'tenant=acme'],
      ...['--claim', 'level=3', '--expires-in', '60'],
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const verifier = createVerifier({ issuer: issuer.url, audience: aud })
    const token = await verifier.verify(out.trim())
    expect(token.scopes).toEqual(['orders:read', 'orders:write'])
    expect(token.subject).toBe('user-7')
    expect(token.actor?.subject).toBe('user-service')
    expect(token.claims).toMatchObject({ client_id: 'web', tenant: 'acme', level: 3 })
    expect(token.claims.exp - token.claims.iat).toBe(60)
    verifier.close()
  })

  test('prints a token that has expired, which explain says', async () => {
    const { out } = await mint('--expires-in=-60')
    const args = ['explain', '--issuer', issuer.url, '--audience', aud]
    const explained = await cli(args, out)
    expect(explained.code).toBe(1)
    expect(explained.out.match(/✘ .*/g)).toEqual([expect.stringContaining('(token_expired)')])
  })

  test('prints the headers of a request, with a proof of a key that it keeps in a file', async () => {
    const api = resourceServer({
      issuer: issuer.url,
      audience: aud,
      publicUrl: 'http://127.0.0.1:3000',
      dpop: { mode: 'required', nonceSecret: 'n'.repeat(32) },
    })
    onTestFinished(() => api.close())
    const guard = api.requireAuthentication()
    const server = createServer((request, response) => {
      guard(request, response, () => response.end('in'))
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
    const clientKey = join(folder, 'client.json')
    const request = ['--dpop-key-file', clientKey, '--request', 'GET http://127.0.0.1:3000/orders']
    const send = async (...more: readonly string[]): Promise<Response> => {
      const { out } = await mint(...request, ...more)
      const lines = out.trim().split('\n')
      return fetch(url, { headers: lines.map((line) => line.split(': ') as [string, string]) })
    }
    const first = await send()
    expect(first.status).toBe(401)
    const key = readFileSync(clientKey, 'utf8')
    const nonce = first.headers.get('dpop-nonce') ?? ''
    expect((await send('--nonce', nonce)).status).toBe(200)
    expect(readFileSync(clientKey, 'utf8')).toBe(key)
    expect(statSync(clientKey).mode & 0o777).toBe(0o600)
    const { out } = await mint('--request', 'http://127.0.0.1:3000/orders')
    expect(out).toMatch(/^Authorization: Bearer [\w.-]+\n$/)
  })

  test.each([
    [['--expires-in', '5m'], '--expires-in must be a whole number'],
    [['--claim', 'tenant'], "'tenant' is not a claim"],
    [['--request', 'GET /orders'], "'GET /orders' is not a request"],
    [['--provider', 'other'], "'provider' must be one of"],
  ])('refuses %s', async (args, message) => {
    const { code, out, err } = await mint(...args)
    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(message)
  })

  test('needs an audience and the file of an issuer', async () => {
    expect((await cli(['mint', '--key-file', keyFile])).err).toContain('No audience was given')
    const missing = join(folder, 'missing.json')
    const { code, err } = await cli(['mint', '--key-file', missing, '--audience', aud])
    expect(code).toBe(64)
    expect(err).toContain(`resource-server issuer --key-file ${missing}`)
    expect(existsSync(missing)).toBe(false)
  })
})

describe('issuer', () => {
  test('keeps its private key in a file that only the owner can read', async () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    const before = (await mint()).out
    expect(await issuer.end()).toBe(0)
    issuer = await startIssuer()
    expect(issuer.url).toBe(`http://127.0.0.1:${port}`)
    const { code } = await cli(['explain', '--issuer', issuer.url, '--audience', aud], before)
    expect(code).toBe(0)
  })

  test('refuses arguments that contradict its file', async () => {
    const { code, err } = await cli(['issuer', '--key-file', keyFile, '--port', '1'])
    expect(code).toBe(64)
    expect(err).toContain(`is for ${issuer.url} and the provider rfc9068`)
  })

  test('refuses a file of something else, and does not repeat it', async () => {
    for (const text of ['{"issuer":"http://127.0.0.1:1"}', '{ "d": "secret"', 'null']) {
      const other = join(folder, 'other.json')
      writeFileSync(other, text)
      // oxlint-disable-next-line no-await-in-loop -- they share a file
      const { code, err } = await cli(['issuer', '--key-file', other])
      expect(code).toBe(64)
      expect(err).toContain('was not written by this command')
      expect(err).not.toContain('secret')
    }
  })

  test('creates no file if its port is in use', async () => {
    const unused = join(folder, 'unused.json')
    const { code, err } = await cli(['issuer', '--key-file', unused, '--port', String(port)])
    expect(code).toBe(64)
    expect(err).toContain('EADDRINUSE')
    expect(existsSync(unused)).toBe(false)
  })
})
