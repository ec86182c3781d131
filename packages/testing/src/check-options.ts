import { inspect } from 'node:util'

/** One requirement on an option: what is wanted, in words, and whether a value is that. */
export interface Rule {
  readonly wanted: string
  holds(value: unknown): boolean
}

/** The options of one function, each with its rule. Doubles as the list of known names. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule }

/** An error for a mistake in a test's own code. It says what is wrong and how to mend it. */
export const misuse = (message: string): TypeError =>
  new TypeError(`@resource-server/testing: ${message}`)

/** Throws where `given` is not an object of known, well-formed options. */
export function checkOptions<Options>(
  call: string,
  given: unknown,
  rules: Rules<Options>,
): asserts given is Options {
  if (!isObject(given)) throw misuse(`${call} takes an object of options, not ${inspect(given)}.`)
  for (const [name, value] of Object.entries(given)) checkOption(call, name, value, rules)
}

function checkOption(call: string, name: string, value: unknown, rules: object): void {
  const rule: Rule | undefined = Object.entries(rules).find(([known]) => known === name)?.[1]
  if (!rule) {
    const known = Object.keys(rules).join(', ')
    throw misuse(`${call} has no option '${name}'. It has: ${known}.`)
  }
  if (value === undefined) {
    throw misuse(
      `${call}: '${name}' is undefined. Leave it out to get the default. ` +
        `To mint a token without a claim, write claims: { <claim>: undefined }.`,
    )
  }
  if (!rule.holds(value)) {
    throw misuse(`${call}: '${name}' must be ${rule.wanted}, not ${inspect(value, { depth: 1 })}.`)
  }
}

/** An object as JSON knows it: no array, no null. */
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const listOf =
  (holds: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(holds)

/** More than about 31 years is not an offset but a timestamp in the wrong place. */
const isOffset = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e9

const isDate = (value: unknown): boolean =>
  value instanceof Date && Number.isFinite(value.getTime())

const isActor = (value: unknown): boolean =>
  isText(value) || (isObject(value) && !Object.hasOwn(value, 'act'))

const rule = (wanted: string, holds: (value: unknown) => boolean): Rule => ({ wanted, holds })

export const text: Rule = rule('a string that is not empty', isText)

export const audience: Rule = rule(
  'a name, or a list of names that is not empty',
  (value) => isText(value) || listOf(isText)(value),
)

export const scope: Rule = rule(
  'a string such as "orders:read orders:write", or a list of scopes',
  (value) => typeof value === 'string' || (Array.isArray(value) && value.every(isText)),
)

export const offset: Rule = rule(
  'a finite number of seconds from now (negative: in the past)',
  isOffset,
)

export const moment: Rule = rule(
  'a finite number of seconds from now (negative: in the past) or a Date',
  (value) => isOffset(value) || isDate(value),
)

export const actor: Rule = rule(
  "a name, or an object of the actor's claims without a nested act",
  isActor,
)

export const actors: Rule = rule(
  'a list, the current actor first: names, or objects of claims without a nested act',
  (value) => Array.isArray(value) && value.every(isActor),
)

export const object: Rule = rule('an object', isObject)

export const oneOf = (names: readonly string[]): Rule =>
  rule(`one of ${names.join(', ')}`, (value) => names.some((name) => name === value))

export const boolean: Rule = rule('true or false', (value) => typeof value === 'boolean')

export const aClock: Rule = rule(
  'a clock from createTestClock',
  (value) =>
    isObject(value) && ['now', 'monotonic', 'advance', 'jump'].every((name) => name in value),
)

export const issuerPath: Rule = rule(
  "empty, or a path such as '/realms/test' that a URL keeps as it is",
  (value) =>
    value === '' ||
    (isText(value) &&
      value.startsWith('/') &&
      new URL(`http://host${value}`).href === `http://host${value}`),
)
