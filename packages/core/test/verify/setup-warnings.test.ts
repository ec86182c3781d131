import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { SetupWarnings } from '../../src/verify/setup-warnings.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// What is printed without any option if a mistake in the setup causes every token to be refused. The limit per
// process allows ten warnings in this file.

const issuer = await startIssuer()

/** Collects the process warnings of this project. */
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

function verifierWith(options: VerifierOptions = {}) {
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  onTestFinished(() => verifier.close())
  return verifier
}

describe('until a token is accepted', () => {
  test('the first refusal with each code is printed, with its reason', async () => {
    const take = collectWarnings()
    const verifier = verifierWith({ issuer: `${issuer.url}/` })
    for (let count = 0; count < 5; count += 1) await verifier.check(issuer.token({ aud }))
    await verifier.check('opaque-token-S3cret')
    const warnings = await take()
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toBe(
      `No token has been accepted yet, and this one was refused: issuer_not_trusted: the token's iss is "${issuer.url}", expected "${issuer.url}/". They differ by a trailing slash. Set 'issuer' exactly as in the token. See docs/codes.md#issuer_not_trusted. This is printed once. NODE_DEBUG=resource-server prints every refusal.`,
    )
    expect(warnings[1]).toContain('token_malformed: the token is not a JWT')
    expect(warnings.join('')).not.toContain('S3cret')
  })

  test('an expired token is not printed, because that is normal', async () => {
    const take = collectWarnings()
    const verifier = verifierWith()
    await verifier.check(issuer.token({ aud, expiresIn: -60 }))
    expect(await take()).toEqual([])
  })
})

test('after the first accepted token, no refusal is printed', async () => {
  const take = collectWarnings()
  const verifier = verifierWith()
  expect(await verifier.check(issuer.token({ aud }))).toHaveProperty('ok', true)
  await verifier.check(issuer.token({ aud: 'other' }))
  await verifier.check('x')
  expect(await take()).toEqual([])
})

test("log: 'off' prints nothing", async () => {
  const take = collectWarnings()
  const down = await createTestIssuer({ algorithm: 'ES256' })
  await down.close()
  const { issuer: _, ...options } = optionsFor(issuer)
  const issuers = [issuer.url, down.url]
  const verifier = createVerifier({ ...options, log: 'off', issuers })
  onTestFinished(() => verifier.close())
  await verifier.check(issuer.token({ aud: 'other' }))
  await verifier.check(issuer.token({ aud, claims: { iss: down.url } }))
  expect(await take()).toEqual([])
})

test('an exception in resolveIssuer is printed once, even after an accepted token', async () => {
  const take = collectWarnings()
  const resolveIssuer = (): never => {
    throw new TypeError('no table')
  }
  const verifier = verifierWith({ resolveIssuer })
  await verifier.check(issuer.token({ aud }))
  for (let count = 0; count < 3; count += 1) {
    await verifier.check(issuer.token({ aud, claims: { iss: 'https://t.example' } }))
  }
  expect(await take()).toEqual([
    'A token could not be verified: verification_failed: resolveIssuer failed: it threw TypeError: "no table". See docs/codes.md#verification_failed. This is printed once. NODE_DEBUG=resource-server prints every refusal.',
  ])
})

test('fixed keys that are not usable are printed once; fetched ones when the fetch fails', async () => {
  const take = collectWarnings()
  const warnings = new SetupWarnings({ log: 'warnings' })
  const refusal = refuse('keys_unavailable', 'none is usable.')
  warnings.refused(refusal, { jwks: undefined } as never)
  warnings.refused(refusal, undefined)
  expect(await take()).toEqual([])
  for (let count = 0; count < 3; count += 1) {
    warnings.refused(refusal, { jwks: { keys: [] } } as never)
  }
  expect(await take()).toEqual([
    'A token could not be verified: keys_unavailable: none is usable. See docs/codes.md#keys_unavailable. This is printed once. NODE_DEBUG=resource-server prints every refusal.',
  ])
})
