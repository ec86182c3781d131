import { expect, test } from 'vitest'
import { runCampaign } from './campaign.ts'

// Set by `npm run test:fuzz -- --minutes 10` or `-- --tokens 1000000`. A seed repeats a run.
const minutes = Number(process.env['FUZZ_MINUTES'] ?? 0)
const tokens = Number(process.env['FUZZ_TOKENS'] ?? (minutes > 0 ? Infinity : 20_000))
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Codes of rules that jose leaves to its user. Only these may refuse a token that jose accepts. */
const stricterCodes = [
  // Strict base64url and strict JSON.
  'token_malformed',
  'header_malformed',
  'payload_malformed',
  'header_unsupported',
  // The token type and the format of claims.
  'type_not_accepted',
  'not_an_access_token',
  'claim_missing',
  'claim_malformed',
  'actor_malformed',
  'actor_chain_too_long',
  'binding_unsupported',
  // Without a kid, jose selects a key by kty and alg.
  'key_ambiguous',
  // Limits.
  'token_too_large',
  'token_expired',
  'token_not_yet_valid',
]

const timeout = (minutes + 60) * 60_000

test(
  'core grants only tokens that the issuer signed and that jose accepts',
  { timeout },
  async () => {
    const until = performance.now() + minutes * 60_000
    const start = performance.now()
    const findings = await runCampaign(
      seed,
      (done) => done >= tokens || (minutes > 0 && performance.now() >= until),
    )
    const { examples, stricter, ...figures } = findings
    if (minutes > 0 || tokens > 20_000) {
      const seconds = Math.round((performance.now() - start) / 1000)
      process.stdout.write(`${JSON.stringify({ ...figures, seconds, stricter })}\n`)
    }
    expect(examples, `repeat with FUZZ_SEED=${seed}`).toEqual([])
    expect(Object.keys(stricter).filter((code) => !stricterCodes.includes(code))).toEqual([])
    expect(figures.granted, 'some tokens must be valid').toBeGreaterThan(0)
    expect(figures.signed).toBeGreaterThan(figures.tokens / 10)
  },
)
