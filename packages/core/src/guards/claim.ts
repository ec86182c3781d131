import { own } from '../lib/json.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

type Scalar = string | number | boolean

/**
 * Which values of a claim `requireClaim` accepts. Values are compared with `===`: `1` is not `'1'`.
 *
 * - A string, number, or boolean accepts that value.
 * - A list accepts any of its entries.
 * - A function accepts the value if it returns `true`. It must be synchronous.
 *
 * If the claim in the token is a list, one accepted entry is enough. A function receives the whole
 * list.
 *
 * @example
 * ```ts
 * import type { ClaimRule } from '@resource-server/core'
 *
 * export const tenant: ClaimRule = 'acme'
 * export const plan: ClaimRule = ['team', 'enterprise']
 * export const level: ClaimRule = (value) => typeof value === 'number' && value >= 2
 * ```
 */
export type ClaimRule = Scalar | readonly Scalar[] | ((value: unknown) => boolean)

/**
 * The check of `requireClaim`. `expected` contains the rule, or is empty to accept any value of the
 * claim. A rule that is `undefined` is a mistake, such as an unset variable, and is not accepted.
 *
 * @throws ConfigError if the name or the rule is invalid
 */
export function claimCheck(
  name: unknown,
  expected: readonly unknown[],
): (token: { readonly claims: { readonly [name: string]: unknown } }) => Refusal | undefined {
  const claim = claimName(name)
  const test = expected.length === 0 ? () => true : testOf(expected[0])
  return ({ claims }) => {
    if (!Object.hasOwn(claims, claim)) {
      return refuse('claim_not_accepted', `the token has no claim '${claim}'`, { claim })
    }
    if (test(own(claims, claim))) return undefined
    return refuse('claim_not_accepted', `the value of the claim '${claim}' is not accepted`, {
      claim,
    })
  }
}

function claimName(name: unknown): string {
  if (name === 'act') {
    throw new ConfigError(
      "requireClaim('act') is not allowed: prior actors must not affect access (RFC 8693 section 4.1).",
      'Use requireActor.',
    )
  }
  if (typeof name === 'string' && name !== '') return name
  throw new ConfigError(
    'requireClaim needs the name of a claim, as a non-empty string.',
    "Write requireClaim('tenant', 'acme').",
  )
}

function testOf(rule: unknown): (value: unknown) => boolean {
  if (typeof rule === 'function')
    return (value) => (rule as (value: unknown) => unknown)(value) === true
  const accepted: readonly unknown[] = Array.isArray(rule) ? [...rule] : [rule]
  if (accepted.length === 0 || !accepted.every(isScalar)) {
    throw new ConfigError(
      'The expected value of requireClaim must be a string, a number, a boolean, a non-empty list of these, or a function.',
      "Write requireClaim('tenant', 'acme').",
    )
  }
  return (value) =>
    (Array.isArray(value) ? value : [value]).some((entry) => accepted.includes(entry))
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
