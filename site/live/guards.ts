import type { Guards } from '@resource-server/core'

/** How the text of an input becomes the arguments of a guard. */
interface GuardForm {
  /** What the input expects. Absent if the guard takes no values. */
  readonly label?: string
  readonly example: string
  readonly create: <Handler>(guards: Guards<Handler>, values: readonly string[]) => Handler
  /** The arguments in code. Without it, they are the values as strings. */
  readonly code?: (values: readonly string[]) => string
}

/** The guards that can be chosen. Those that need code are left out. */
export const guardForms = {
  requireScope: {
    label: 'Scopes',
    example: 'orders:read',
    create: (guards, values) => guards.requireScope(...values),
  },
  requireAnyScope: {
    label: 'Scopes',
    example: 'orders:read orders:write',
    create: (guards, values) => guards.requireAnyScope(...values),
  },
  requireAudience: {
    label: 'Audiences',
    example: 'order-service',
    create: (guards, values) => guards.requireAudience(values),
    code: (values) =>
      values.length === 1 ? quoted(values[0]!) : `[${values.map(quoted).join(', ')}]`,
  },
  requireActor: {
    label: 'Actors',
    example: 'cart-service',
    create: (guards, values) => guards.requireActor(...values),
  },
  requireDirect: { example: '', create: (guards) => guards.requireDirect() },
  requireDelegated: { example: '', create: (guards) => guards.requireDelegated() },
  requireClient: {
    label: 'Clients',
    example: 'web-shop',
    create: (guards, values) => guards.requireClient(...values),
  },
  requireClaim: {
    label: 'Claim and value',
    example: 'tenant acme',
    create: (guards, [name = '', ...expected]) =>
      expected.length === 0
        ? guards.requireClaim(name)
        : guards.requireClaim(name, expected.length === 1 ? expected[0]! : expected),
    code: ([name = '', ...expected]) =>
      [
        quoted(name),
        ...(expected.length > 1 ? [`[${expected.map(quoted).join(', ')}]`] : expected.map(quoted)),
      ].join(', '),
  },
  requireRole: {
    label: 'Roles',
    example: 'editor',
    create: (guards, values) => guards.requireRole(...values),
  },
  requirePermission: {
    label: 'Permissions',
    example: 'orders:write',
    create: (guards, values) => guards.requirePermission(...values),
  },
  requireStepUp: {
    label: 'acr values',
    example: 'mfa',
    create: (guards, values) => guards.requireStepUp({ acr: values }),
    code: (values) => `{ acr: [${values.map(quoted).join(', ')}] }`,
  },
} satisfies Readonly<Record<string, GuardForm>>

export type GuardName = keyof typeof guardForms

/** One guard of the route, as it is typed: `requireScope` with `orders:read`. */
export interface GuardInput {
  readonly name: GuardName
  /** Values, separated by commas or spaces. */
  readonly values: string
}

export const guardNames: readonly GuardName[] = Object.keys(guardForms) as GuardName[]

export function formOf(name: GuardName): GuardForm {
  return guardForms[name]
}

/**
 * Creates the guards of the route.
 *
 * @throws ConfigError for values that a guard does not accept
 */
export function createRoute<Handler>(
  guards: Guards<Handler>,
  chosen: readonly GuardInput[],
): readonly Handler[] {
  return chosen.map(({ name, values }) => formOf(name).create(guards, valuesOf(values)))
}

/** The guard as it is written in code, such as `requireScope('orders:read')`. */
export function guardCode({ name, values }: GuardInput): string {
  const { label, code = (all: readonly string[]) => all.map(quoted).join(', ') } = formOf(name)
  return `${name}(${label === undefined ? '' : code(valuesOf(values))})`
}

export function valuesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((value) => value !== '')
}

/** A string in code. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
