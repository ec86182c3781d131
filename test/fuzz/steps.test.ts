import { expect, test } from 'vitest'
import { keys, signWith } from '../security/fixtures/keys.ts'
import { startCounting } from './steps.ts'

const { count: countSteps } = startCounting()
const { createVerifier } = await import('@resource-server/core')

const [issuer, audience, now] = ['https://as.example', 'order-service', 1_790_000_000]
const key = keys.es256()
const verifier = createVerifier({
  issuer,
  audience,
  jwks: { keys: [{ ...key.jwk }] },
  maxTokenBytes: 1_000_000,
  clock: { now: () => now * 1000, monotonic: () => 0 },
})

const encode = (text: string): string => Buffer.from(text).toString('base64url')
const sign = (header: string, payload: string): string => {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signWith(key.alg, input, key.privateKey).toString('base64url')}`
}

const header = JSON.stringify({ typ: 'at+jwt', alg: key.alg, kid: key.kid })
const claims = JSON.stringify({ iss: issuer, sub: 'x', aud: audience, iat: now, exp: now + 300 })

/** A signed token with another member before its valid claims. */
const withMember = (member: string): string => sign(header, claims.replace('{', `{${member},`))
/** A signed token with these audiences instead of its own. */
const withAudiences = (aud: string): string =>
  sign(header, claims.replace(`"aud":"${audience}"`, `"aud":[${aud}]`))
const list = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join()

/** Tokens of a given length that cause as much work as possible. */
const costlyTokens: Readonly<Record<string, (length: number) => string>> = {
  'a long string': (n) => withMember(`"x":"${'x'.repeat(n)}"`),
  'escapes in a string': (n) => withMember(`"x":"${'\\"'.repeat(n / 2)}"`),
  'escaped names': (n) => withMember(list(n / 16, (at) => `"\\u0061${at}":1`)),
  'many members': (n) => withMember(list(n / 8, (at) => `"${at}":1`)),
  'many strings in a list': (n) => withMember(`"x":[${list(n / 3, () => '""')}]`),
  'many objects': (n) => withMember(`"x":[${list(n / 3, () => '{}')}]`),
  'white space': (n) => withMember(`"x":${' '.repeat(n)}1`),
  'many scopes': (n) =>
    withMember(`"scope":"${Array.from({ length: n / 6 }, (_, at) => at).join(' ')}"`),
  'the same scope': (n) => withMember(`"scope":"${'a '.repeat(n / 2)}"`),
  'many audiences': (n) => withAudiences(list(n / 8, (at) => `"a${at}"`)),
  'a long header': (n) => sign(header.replace('{', `{"x":"${'x'.repeat(n)}",`), claims),
  'a long signature': (n) => `${sign(header, claims)}${'A'.repeat(n - (n % 4))}`,
  'only dots': (n) => '.'.repeat(n),
  'no dots': (n) => 'A'.repeat(n),
  brackets: (n) => `${encode(header)}.${encode('['.repeat(n))}.AAAA`,
  quotes: (n) => `${encode(header)}.${encode('"'.repeat(n))}.AAAA`,
  backslashes: (n) => `${encode(header)}.${encode(`{"${'\\'.repeat(n)}`)}.AAAA`,
  'invalid JSON with many colons': (n) =>
    `${encode(header)}.${encode(`{${'"":'.repeat(n / 3)}`)}.AAAA`,
}

/** An ordinary token takes some hundreds of steps. */
const base = 2500
const perByte = 8

test.each(Object.entries(costlyTokens))(
  '%s: the number of steps grows at most linearly with the length',
  async (_, createToken) => {
    await verifier.check(sign(header, claims))
    const lengths = [3000, 12_000, 48_000, 192_000]
    const steps = []
    for (const length of lengths) {
      const token = createToken(length)
      const counted = await countSteps(() => verifier.check(token))
      expect(counted).toBeLessThan(base + perByte * token.length)
      steps.push(counted)
    }
    // Four times the length takes at most 4.5 times the steps, plus a constant.
    for (const [at, counted] of steps.entries()) {
      if (at > 0) expect(counted).toBeLessThan(4.5 * steps[at - 1]! + base)
    }
  },
)

test('the step counter counts the steps of core', async () => {
  const few = await countSteps(async () => {})
  const some = await countSteps(() => verifier.check(sign(header, claims)))
  const many = await countSteps(() => verifier.check(withMember(list(5000, (at) => `"${at}":1`))))
  expect([few, some > 50, many > some + 5000]).toEqual([0, true, true])
})
