import { inspect } from 'node:util'

/** A requirement on the value of one option. */
export interface Rule {
  /** Completes the sentence "'<option>' must be …". */
  readonly expected: string
  accepts(value: unknown): boolean
}

/** The rule of each option. Also the list of known options. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule }

/** Creates the error for a mistake in the test's own code. */
export const usageError = (message: string): TypeError =>
  new TypeError(`@resource-server/testing: ${message}`)

/**
 * Checks the options of a call against their rules.
 *
 * @param call the name of the function, for the error message
 * @throws TypeError if `options` is not an object, or if an option is unknown, `undefined` or malformed
 */
export function checkOptions<Options>(
  call: string,
  options: unknown,
  rules: Rules<Options>,
): asserts options is Options {
  if (!isObject(options)) {
    throw usageError(`${call} expects an object of options, got ${inspect(options)}.`)
  }
  for (const [name, value] of Object.entries(options)) checkOption(call, name, value, rules)
}

function checkOption(call: string, name: string, value: unknown, rules: object): void {
  const rule: Rule | undefined = Object.entries(rules).find(([known]) => known === name)?.[1]
  if (!rule) {
    const known = Object.keys(rules).join(', ')
    throw usageError(`${call}: unknown option '${name}'. The options are: ${known}.`)
  }
  if (value === undefined) {
    throw usageError(
      `${call}: '${name}' is undefined. Omit the option to use its default. ` +
        `To omit a claim from the token, pass claims: { <claim>: undefined }.`,
    )
  }
  if (!rule.accepts(value)) {
    const received = inspect(value, { depth: 1 })
    throw usageError(`${call}: '${name}' must be ${rule.expected}, got ${received}.`)
  }
}

/** A JSON object: neither an array nor null. */
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isNonEmptyListOf =
  (accepts: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(accepts)

/** An offset of more than about 31 years is a timestamp that was passed by mistake. */
const isOffset = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e9

const isDate = (value: unknown): boolean =>
  value instanceof Date && Number.isFinite(value.getTime())

const isActor = (value: unknown): boolean =>
  isText(value) || (isObject(value) && !Object.hasOwn(value, 'act'))

const rule = (expected: string, accepts: (value: unknown) => boolean): Rule => ({
  expected,
  accepts,
})

export const nonEmptyString: Rule = rule('a non-empty string', isText)

export const audience: Rule = rule(
  'a non-empty string, or a non-empty list of them',
  (value) => isText(value) || isNonEmptyListOf(isText)(value),
)

export const scope: Rule = rule(
  'a string such as "orders:read orders:write", or a list of scopes',
  (value) => typeof value === 'string' || (Array.isArray(value) && value.every(isText)),
)

export const offset: Rule = rule(
  'a finite number of seconds from now (negative for the past)',
  isOffset,
)

export const offsetOrDate: Rule = rule(
  'a finite number of seconds from now (negative for the past), or a Date',
  (value) => isOffset(value) || isDate(value),
)

export const duration: Rule = rule(
  'a finite number of seconds that is not negative',
  (value) => isOffset(value) && (value as number) >= 0,
)

export const port: Rule = rule(
  'a port from 1 to 65535; omit it for a free port',
  (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535,
)

export const actor: Rule = rule(
  "a non-empty string, or an object of the actor's claims without a nested act",
  isActor,
)

export const actors: Rule = rule(
  'a list with the current actor first: strings, or objects of claims without a nested act',
  (value) => Array.isArray(value) && value.every(isActor),
)

export const object: Rule = rule('an object', isObject)

export const oneOf = (names: readonly string[]): Rule =>
  rule(`one of ${names.join(', ')}`, (value) => names.some((name) => name === value))

export const signingKey: Rule = rule(
  'a key from createSigningKey',
  (value) =>
    isObject(value) &&
    isText(value['algorithm']) &&
    isText(value['kid']) &&
    isObject(value['publicJwk']) &&
    isObject(value['privateJwk']),
)

export const boolean: Rule = rule('true or false', (value) => typeof value === 'boolean')

export const testClock: Rule = rule(
  'a clock from createTestClock',
  (value) =>
    isObject(value) && ['now', 'monotonic', 'advance', 'jump'].every((name) => name in value),
)

export const issuer: Rule = rule(
  'a non-empty string, or the result of a provider function such as keycloak(url)',
  (value) => isText(value) || (isObject(value) && isText(value['issuer'])),
)

export const issuerPath: Rule = rule(
  "empty, or a normalized URL path such as '/realms/test'",
  (value) =>
    value === '' ||
    (isText(value) &&
      value.startsWith('/') &&
      new URL(`http://host${value}`).href === `http://host${value}`),
)

export const clients: Rule = rule(
  'an object of clients by ID, such as { orders: { secret, targets: { stock: [] } } }',
  (value) => isObject(value) && Object.values(value).every(isClient),
)

const clientRules: Readonly<Record<string, (value: unknown) => boolean>> = {
  secret: isText,
  publicKey: isObject,
  unauthenticated: (value) => typeof value === 'boolean',
  targets: (value) =>
    isObject(value) &&
    Object.values(value).every((scopes) => Array.isArray(scopes) && scopes.every(isText)),
}

function isClient(value: unknown): boolean {
  if (!isObject(value)) return false
  return Object.entries(value).every(
    ([name, member]) => Object.hasOwn(clientRules, name) && clientRules[name]!(member),
  )
}
