import { expect, test, vi } from 'vitest'
import { openPipeline } from '../verify/open-pipeline.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// Runs the crypto of other runtimes on Node.
vi.mock('#crypto', () => import('../../src/platform/web-crypto.ts'))

const issuer = await startIssuer()
const pipeline = openPipeline(createPolicy(optionsFor(issuer), 'verifier'))
const outcome = async (token: string): Promise<string> => {
  const { result } = await pipeline.verify(token)
  return result instanceof Refusal ? result.code : 'granted'
}

test('without node:crypto, WebCrypto verifies signatures', async () => {
  expect(await outcome(issuer.token({ aud }))).toBe('granted')
  expect(await outcome(issuer.forge.tampered({ aud }))).toBe('signature_invalid')
})

test('without a synchronous hash, no token is cached', async () => {
  const token = issuer.token({ aud })
  for (let use = 0; use < 3; use += 1) expect(await outcome(token)).toBe('granted')
  expect(pipeline.cache).toBe(undefined)
})
