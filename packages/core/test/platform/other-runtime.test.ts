import { expect, test, vi } from 'vitest'
import { createJudge } from '../../src/verify/pipeline.ts'
import { createPolicy, optionNames } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// Runs the crypto of other runtimes on Node.
vi.mock('#crypto', () => import('../../src/platform/web-crypto.ts'))

const issuer = await startIssuer()
const judge = createJudge(createPolicy(optionsFor(issuer), optionNames.verifier))
const outcome = async (token: string): Promise<string> => {
  const { result } = await judge.judge(token)
  return result instanceof Refusal ? result.code : 'granted'
}

test('without node:crypto, WebCrypto verifies signatures', async () => {
  expect(await outcome(issuer.token({ aud }))).toBe('granted')
  expect(await outcome(issuer.forge.tampered({ aud }))).toBe('signature_invalid')
})

test('without a synchronous hash, no token is cached', async () => {
  const token = issuer.token({ aud })
  for (let use = 0; use < 3; use += 1) expect(await outcome(token)).toBe('granted')
  expect(judge.cache).toBe(undefined)
})
