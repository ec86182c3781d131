import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createVerifier, type VerifierOptions } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { createTestClock, createTestIssuer } from '@resource-server/testing'
import express from 'express'
import request from 'supertest'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'

// Based on public reports: with an issuer down or misconfigured, every request fails. The operator must be told
// without any option being set, and must be able to see the reason of every refusal.

const signer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => signer.close())

function collectWarnings() {
  const messages: string[] = []
  const onWarning = ({ name, message }: Error): void => {
    if (name === 'ResourceServerWarning') messages.push(message)
  }
  process.on('warning', onWarning)
  onTestFinished(() => void process.off('warning', onWarning))
  return async (): Promise<readonly string[]> => {
    await new Promise((resolve) => setImmediate(resolve))
    return messages.splice(0)
  }
}

/** An issuer whose key set is fetched by a function, and the clocks of the verifier and of the process. */
function startService(issuer: string, options: VerifierOptions = {}) {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const clock = createTestClock(new Date(signer.clock.now()))
  const state = { isUp: false }
  const fetch: VerifierOptions['fetch'] = async () =>
    state.isUp
      ? Response.json({ keys: [signer.key.publicJwk] })
      : new Response('<html>', { status: 404 })
  const jwksUri = `${issuer}/jwks`
  const common = { issuer, jwksUri, audience: 'order-service', fetch, clock }
  const verifier = createVerifier({ ...common, ...options })
  onTestFinished(() => verifier.close())
  return {
    state,
    verifier,
    check: () =>
      verifier.check(
        signer.token({ aud: 'order-service', claims: { iss: issuer }, expiresIn: 9e5 }),
      ),
    /** Moves both clocks, and waits for the fetch that becomes due. */
    advance: async (seconds: number) => {
      vi.advanceTimersByTime(seconds * 1000)
      clock.advance(seconds)
      // The first key set also loads the code that imports keys, which takes an unknown number of turns.
      do await new Promise((resolve) => setImmediate(resolve))
      while (verifier.health().issuers.some(({ inFlight }) => inFlight))
    },
  }
}

describe('an outage of the keys', () => {
  test('is printed once when it begins and once when it ends, with the URL and the response', async () => {
    const take = collectWarnings()
    const { state, check, advance } = startService('https://one.example.com')
    for (let count = 0; count < 10; count += 1) {
      expect(await check()).toMatchObject({ code: 'keys_unavailable' })
      await advance(60)
    }
    expect(await take()).toEqual([
      "JWKS of 'https://one.example.com' is unavailable, so its tokens cannot be verified: GET https://one.example.com/jwks: answered with status 404. Check 'jwksUri', or the jwks_uri in the metadata of the authorization server.",
    ])
    state.isUp = true
    await advance(60)
    expect(await check()).toMatchObject({ ok: true })
    expect(await take()).toEqual(["JWKS of 'https://one.example.com' is available again."])
  })

  test('is printed in two stages if there are keys that can still be used', async () => {
    const take = collectWarnings()
    const { state, check, advance } = startService('https://two.example.com')
    state.isUp = true
    expect(await check()).toMatchObject({ ok: true })
    state.isUp = false
    for (let minutes = 0; minutes < 80; minutes += 1) {
      await advance(60)
      await check()
    }
    const warnings = await take()
    expect(warnings.map((warning) => warning.split(/[,.:] /, 1)[0])).toEqual([
      "JWKS of 'https://two.example.com' cannot be refreshed",
      "JWKS of 'https://two.example.com' is unavailable",
    ])
    expect(warnings[0]).toContain('The last keys stay in use for the time set by staleIfError')
  })

  test('names the mistake in the metadata and its fix', async () => {
    const take = collectWarnings()
    const issuer = 'https://three.example.com/x'
    const fetch: VerifierOptions['fetch'] = async () => Response.json({ issuer: `${issuer}/` })
    const verifier = createVerifier({ issuer, audience: 'order-service', fetch })
    onTestFinished(() => verifier.close())
    await verifier.check(signer.token({ aud: 'order-service', claims: { iss: issuer } }))
    expect(await take()).toEqual([
      `JWKS of '${issuer}' is unavailable, so its tokens cannot be verified: The metadata of '${issuer}' is for a different issuer: "${issuer}/". Set 'issuer' to the exact iss value of its tokens, including any trailing slash.`,
    ])
  })

  test('is not printed if close() aborts the fetch', async () => {
    const take = collectWarnings()
    const fetch: VerifierOptions['fetch'] = () => new Promise(() => {})
    const issuer = 'https://four.example.com'
    const verifier = createVerifier({ issuer, audience: 'order-service', fetch })
    const warmedUp = verifier.warmUp().catch(() => {})
    verifier.close()
    await warmedUp
    expect(await take()).toEqual([])
  })
})

test('many resolved issuers cause ten warnings in a minute, and then a count', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  // Later than the windows of the other tests in this file.
  vi.advanceTimersByTime(1e9)
  const take = collectWarnings()
  const verifier = createVerifier({
    audience: 'order-service',
    resolveIssuer: (issuer) => ({ issuer }),
    // Each retry would be printed in the next minute.
    fetch: async () => new Response(null, { status: 503, headers: { 'retry-after': '600' } }),
  })
  onTestFinished(() => verifier.close())
  for (let tenant = 0; tenant < 60; tenant += 1) {
    const iss = `https://t${tenant}.example.com`
    const checked = verifier.check(signer.token({ aud: 'order-service', claims: { iss } }))
    // Only ten new issuers are added in a second.
    await vi.advanceTimersByTimeAsync(100)
    await checked
  }
  expect(await take()).toHaveLength(10)
  verifier.close()
  vi.advanceTimersByTime(60_000)
  const [count, ...others] = await take()
  expect(count).toMatch(/^\d+ more warnings were not printed in the last minute\./)
  expect(others).toEqual([])
})

describe("log: 'refusals' and NODE_DEBUG=resource-server", () => {
  const linesOf = (calls: readonly (readonly unknown[])[]): readonly string[] =>
    calls.map(([line]) => String(line).replace(/^RESOURCE-SERVER \d+: /, ''))

  test('print a line for each refusal, with its reason and without the token', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const options = { issuer: signer.url, audience: 'order-service', clock: signer.clock }
    const api = resourceServer({ ...options, log: 'refusals' })
    const app = express().get('/orders/:id', api.requireScope('orders:read'), (_req, res) => {
      res.send('in')
    })
    const send = (token: string) =>
      request(app).get('/orders/alice@example.com').auth(token, { type: 'bearer' })
    const tokens = [
      signer.token({ aud: 'order-service', scope: ['stock'] }),
      signer.token({ aud: 'other' }),
      signer.token({ aud: 'order-service', claims: { iss: 'https://x.example/\u202e' } }),
    ]
    for (const token of tokens) await send(token)
    await request(app).get('/orders/1')
    await send(signer.token({ aud: 'order-service', scope: ['orders:read'] })).expect(200)
    const text = print.mock.calls.flat().join('\n')
    const lines = linesOf(print.mock.calls)
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(
      /^GET \S+ refused by requireScope\(.*\): scope_insufficient: the token lacks orders:read/,
    )
    expect(lines[1]).toContain('audience_mismatch: aud is ["other"]')
    expect(lines[2]).toContain(String.raw`iss is "https://x.example/\u202e"`)
    expect(lines[3]).toContain('credential_missing: the request has no Authorization header')
    expect(text).not.toContain('alice')
    for (const token of tokens) {
      for (const part of token.split('.')) expect(text).not.toContain(part)
    }
  })

  test('print pseudonyms if records have them', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const verifier = createVerifier({
      issuer: signer.url,
      audience: 'order-service',
      clock: signer.clock,
      log: 'refusals',
      records: { pseudonymKey: 'x'.repeat(32) },
    })
    onTestFinished(() => verifier.close())
    await verifier.check(signer.token({ aud: 'alice', sub: 'alice' }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(linesOf(print.mock.calls)).toEqual([
      expect.stringMatching(/^refused: audience_mismatch: aud is \["[^"]+"\], expected one of/),
    ])
    expect(print.mock.calls.flat().join('')).not.toContain('alice')
  })

  const script = (log: string | undefined): string => `
    import { createVerifier } from '@resource-server/core'
    const verifier = createVerifier({
      issuer: 'https://as.example.com', audience: 'a'${log === undefined ? '' : `, log: '${log}'`} })
    await verifier.check('S3cret')
    verifier.close()`

  async function run(log: string | undefined, env: Record<string, string> = {}): Promise<string> {
    const { stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script(log)],
      { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '', ...env } },
    )
    expect(stderr).not.toContain('S3cret')
    return stderr
  }

  const debug = { NODE_DEBUG: 'resource-server' }
  const line = /^RESOURCE-SERVER \d+: refused: token_malformed: the token is not a JWT/m
  const warning = /ResourceServerWarning: No token has been accepted yet/

  test('NODE_DEBUG prints lines in addition to warnings', async () => {
    const output = await run(undefined, debug)
    expect(output).toMatch(line)
    expect(output).toMatch(warning)
  })

  test('by default only warnings are printed', async () => {
    const output = await run(undefined)
    expect(output).toMatch(warning)
    expect(output).not.toMatch(line)
    expect(await run(undefined, { NODE_DEBUG: 'http' })).not.toMatch(line)
  })

  test("log: 'off' wins over NODE_DEBUG", async () => {
    expect(await run('off', debug)).toBe('')
  })

  test('Node can turn the warnings off', async () => {
    expect(await run(undefined, { NODE_OPTIONS: '--disable-warning=ResourceServerWarning' })).toBe(
      '',
    )
  })
})
