import { own } from '../lib/json.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

type Scalar = string | number | boolean

/** A value, a list of acceptable values, or a function of the claim. */
export type ClaimRule = Scalar | readonly Scalar[] | ((value: unknown) => boolean)

/** `expected` is empty or holds one rule; one that is `undefined` is a mistake, not a wish for any value. */
export function claimRule(
  name: unknown,
  expected: readonly unknown[],
): (token: { readonly claims: { readonly [name: string]: unknown } }) => Refusal | undefined {
  const claim = claimName(name)
  const test = expected.length === 0 ? () => true : testOf(expected[0])
  return ({ claims }) => {
    if (!Object.hasOwn(claims, claim))
      return refuse('claim_not_accepted', `the token has no claim '${claim}'`)
    return test(own(claims, claim))
      ? undefined
      : refuse('claim_not_accepted', `the claim '${claim}' has another value`)
  }
}

function claimName(name: unknown): string {
  if (name === 'act') {
    throw new ConfigError(
      "requireClaim('act') would reach prior actors.",
      'Use requireActor: RFC 8693 section 4.1.',
    )
  }
  if (typeof name === 'string' && name !== '') return name
  throw new ConfigError('requireClaim got no name.', "Write requireClaim('tenant', 'acme').")
}

function testOf(rule: unknown): (value: unknown) => boolean {
  if (typeof rule === 'function')
    return (value) => (rule as (value: unknown) => unknown)(value) === true
  const accepted: readonly unknown[] = Array.isArray(rule) ? [...rule] : [rule]
  if (accepted.length === 0 || !accepted.every(isScalar)) {
    throw new ConfigError(
      'requireClaim got an expectation that is no value, list of values or function.',
      "Write requireClaim('tenant', 'acme').",
    )
  }
  return (value) =>
    (Array.isArray(value) ? value : [value]).some((entry) => accepted.includes(entry))
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value)
}
