import { ConfigError } from '../errors/refusal.ts'

/** The setting that decides which URLs are accepted as values of options. */
export interface ReadContext {
  readonly allowInsecureHttp: boolean
}

/** One option: its default, its documentation, and how its value is checked. */
export interface Option<Value> {
  /** The value if the option is absent. A required option is read even then, and refuses `undefined`. */
  readonly default: Value | typeof required
  /** The default as the documentation shows it. */
  readonly defaultText: string
  /** The allowed range, as the documentation shows it. Empty if the type says it all. */
  readonly range: string
  /** One sentence for the documentation. */
  readonly description: string
  /** @throws ConfigError */
  readonly read: (value: unknown, name: string, context: ReadContext) => Value
}

/** Marks an option without a default. */
export const required: unique symbol = Symbol('required')

/**
 * All options of one kind. A key that is added to the type `Options` does not compile until it has a row here,
 * and there is no other list of option names.
 */
export type OptionTable<Options extends object, Values extends Record<keyof Options, unknown>> = {
  readonly [Name in keyof Options]-?: Option<Values[Name]>
}

export type OptionObject = Readonly<Record<string, unknown>>

/**
 * Reads an object of options by its table: refuses unknown names and `undefined`, checks each value, and fills
 * in the defaults. The result is frozen.
 *
 * @param what names the options in messages, such as `option` or `keycloak option`
 * @param fix what to pass, for the message about a value that is not an object
 * @throws ConfigError
 */
export function readOptions<Options extends object, Values extends Record<keyof Options, unknown>>(
  table: OptionTable<Options, Values>,
  given: unknown,
  what: string,
  context: ReadContext = { allowInsecureHttp: false },
  fix?: string,
): Values {
  const options = ownOptions(given, what, fix)
  checkNames(options, Object.keys(table), what)
  return readRows(table, options, context)
}

/** Reads only the rows of this table from options whose names have been checked. */
export function readRows<Options extends object, Values extends Record<keyof Options, unknown>>(
  table: OptionTable<Options, Values>,
  options: OptionObject,
  context: ReadContext,
): Values {
  const rows: [string, Option<unknown>][] = Object.entries(table)
  const values = rows.map(([name, option]) => [name, valueOf(options, name, option, context)])
  return Object.freeze(Object.fromEntries(values) as Values)
}

function valueOf(
  options: OptionObject,
  name: string,
  option: Option<unknown>,
  context: ReadContext,
): unknown {
  if (Object.hasOwn(options, name)) return option.read(options[name], name, context)
  return option.default === required ? option.read(undefined, name, context) : option.default
}

/**
 * Refuses arguments that would be ignored, such as options of `hydra(url)`, which has none.
 *
 * @param call how the function is called, such as `hydra(url)`
 * @param more the arguments that it does not accept
 * @throws ConfigError if there are any
 */
export function noMoreArguments(call: string, more: readonly unknown[]): void {
  if (more.length === 0) return
  throw new ConfigError(
    `${call} got an argument that it does not accept.`,
    `Write ${call}. Pass options such as audience to resourceServer() or createVerifier().`,
  )
}

/** A copy of the object's own members, so that nothing inherited counts as an option. */
export function ownOptions(
  given: unknown,
  what: string,
  fix = 'Pass an object, or leave it out.',
): OptionObject {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    // Without a prototype, so that an absent option is not read from a polluted one.
    return Object.assign(Object.create(null) as OptionObject, given)
  }
  throw new ConfigError(`An object of ${what}s is required, got ${kindOf(given)}.`, fix)
}

/** A key whose value is `undefined` points to a missing environment variable, not to the default. */
export function checkNames(options: OptionObject, known: readonly string[], what: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw unknownName(name, known, what)
    if (value === undefined) {
      throw new ConfigError(
        `'${name}' is undefined.`,
        'Give it a value (is an environment variable missing?) or leave it out.',
      )
    }
  }
}

function unknownName(name: string, known: readonly string[], what: string): ConfigError {
  const similar = known.find((candidate) => isSimilar(candidate, name))
  return new ConfigError(
    `Unknown ${what} '${name}'.`,
    similar ? `Did you mean '${similar}'?` : `Use one of ${known.join(', ')}.`,
  )
}

/** The same in lowercase, or one letter more, less or different. */
function isSimilar(known: string, name: string): boolean {
  const [one, other] = [known.toLowerCase(), name.toLowerCase()]
  let start = 0
  while (start < one.length && one[start] === other[start]) start += 1
  const rest = (text: string, skip: number): string => text.slice(start + skip)
  return (
    rest(one, 1) === rest(other, 1) ||
    rest(one, 1) === rest(other, 0) ||
    rest(one, 0) === rest(other, 1)
  )
}

/** The kind of a value, for messages. The value itself may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  const kind = typeof value
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
