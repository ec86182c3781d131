import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { type Code, codes } from '../../src/errors/codes.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { warnings } from '../../src/lib/warning-limiter.ts'
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
    const printed = await take()
    expect(printed).toHaveLength(2)
    expect(printed[0]).toBe(
      `No token has been accepted yet, and this one was refused: issuer_not_trusted: the token's iss is "${issuer.url}", expected "${issuer.url}/". They differ by a trailing slash. Set 'issuer' exactly as in the token. See docs/codes.md#issuer_not_trusted. This is printed once. NODE_DEBUG=resource-server prints every refusal.`,
    )
    expect(printed[1]).toContain('token_malformed: the token is not a JWT')
    expect(printed.join('')).not.toContain('S3cret')
  })

  test('an expired token is not printed, because that is normal', async () => {
    const take = collectWarnings()
    const verifier = verifierWith()
    await verifier.check(issuer.token({ aud, expiresIn: -60 }))
    expect(await take()).toEqual([])
  })
})

/** The codes that are printed for an issuer with these keys, if each refusal occurs once. */
function printedCodes(jwks: object | undefined, accepted = false): readonly string[] {
  using print = vi.spyOn(warnings, 'print').mockReturnValue(true)
  const setup = new SetupWarnings({ log: 'warnings' })
  if (accepted) setup.accepted()
  for (const code of Object.keys(codes) as Code[])
    setup.refused(refuse(code, 'why'), { jwks } as never)
  return print.mock.calls.map(([text]) => /: (\w+): why\. See/.exec(text)?.[1] ?? text)
}

test('only refusals that a mistake in the setup causes for every token are printed', () => {
  const expected = [
    'token_too_large',
    'token_malformed',
    'token_encrypted',
    'type_not_accepted',
    'algorithm_not_allowed',
    'issuer_not_trusted',
    'key_not_found',
    'key_ambiguous',
    'signature_invalid',
    'not_an_access_token',
    'claim_missing',
    'claim_malformed',
    'token_not_yet_valid',
    'lifetime_too_long',
    'audience_mismatch',
    'binding_unsupported',
    'actor_malformed',
    'delegation_required',
    'delegation_forbidden',
    'verification_failed',
  ]
  expect(printedCodes(undefined).toSorted()).toEqual(expected.toSorted())
  expect(printedCodes({ keys: [] }).toSorted()).toEqual(
    [...expected, 'keys_unavailable'].toSorted(),
  )
  expect(printedCodes({ keys: [] }, true)).toEqual(['keys_unavailable', 'verification_failed'])
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
  const setup = new SetupWarnings({ log: 'warnings' })
  const refusal = refuse('keys_unavailable', 'none is usable.')
  setup.refused(refusal, { jwks: undefined } as never)
  setup.refused(refusal, undefined)
  expect(await take()).toEqual([])
  for (let count = 0; count < 3; count += 1) {
    setup.refused(refusal, { jwks: { keys: [] } } as never)
  }
  expect(await take()).toEqual([
    'A token could not be verified: keys_unavailable: none is usable. See docs/codes.md#keys_unavailable. This is printed once. NODE_DEBUG=resource-server prints every refusal.',
  ])
})
