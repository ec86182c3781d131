import { expect, test } from 'vitest'
import { campaign } from './campaign.ts'

// `npm run test:fuzz -- --minutes 10` or `-- --tokens 1000000` sets these; so does a seed for a repeat.
const minutes = Number(process.env['FUZZ_MINUTES'] ?? 0)
const tokens = Number(process.env['FUZZ_TOKENS'] ?? (minutes > 0 ? Infinity : 20_000))
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Codes that explain why we are stricter than jose: rules that jose leaves to its user. */
const explained = [
  // One spelling for one token, and JSON that all parsers read alike.
  ...['token_malformed', 'header_malformed', 'payload_malformed', 'header_unsupported'],
  // What an access token is, and what its claims look like.
  ...['type_not_accepted', 'not_an_access_token', 'claim_missing', 'claim_malformed'],
  ...['actor_malformed', 'actor_chain_too_long', 'binding_unsupported'],
  // jose picks a key by kty and alg where there is no kid.
  ...['key_ambiguous', 'token_too_large', 'token_expired', 'token_not_yet_valid'],
]

const timeout = (minutes + 60) * 60_000

test(`no mutant is granted that should not be (FUZZ_SEED=${seed})`, { timeout }, async () => {
  const until = performance.now() + minutes * 60_000
  const start = performance.now()
  const findings = await campaign(
    seed,
    (done) => done >= tokens || (minutes > 0 && performance.now() >= until),
  )
  const { wrong, stricter, ...figures } = findings
  if (minutes > 0 || tokens > 20_000) {
    const seconds = Math.round((performance.now() - start) / 1000)
    process.stdout.write(`${JSON.stringify({ ...figures, seconds, stricter })}\n`)
  }
  expect(wrong).toEqual([])
  expect(Object.keys(stricter).filter((code) => !explained.includes(code))).toEqual([])
  expect(figures.granted, 'some are good, or nothing was tried').toBeGreaterThan(0)
  expect(figures.signed).toBeGreaterThan(figures.tokens / 10)
})
