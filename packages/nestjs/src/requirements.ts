import { ConfigError, type Guards } from '@resource-server/core'
import type { Guard } from '@resource-server/core/adapter'

/** A call of a guard factory, before there is a resource server: `['requireScope', 'orders:read']`. */
export interface Requirement {
  readonly factory: keyof Guards<unknown>
  readonly given: readonly unknown[]
}

/** What decorators say about a class, or about one of its methods. */
interface Entry {
  readonly requirements: Requirement[]
  isPublic: boolean
}

type Name = string | symbol

/**
 * By class, and by prototype and name of the method. Not by function: other decorators may replace a method, and then
 * its requirements would be lost.
 */
const ofClasses = new WeakMap<object, Entry>()
const ofMethods = new WeakMap<object, Map<Name, Entry>>()

/** Works on classes and on methods. */
export type RouteDecorator = ClassDecorator & MethodDecorator

/** Creates a decorator. Decorators run from the last to the first, so each comes before those that ran. */
function routeDecorator(change: (entry: Entry) => void): RouteDecorator {
  return (target: object, name?: Name) => change(entryOf(target, name))
}

export function requirement(
  factory: Requirement['factory'],
  given: readonly unknown[],
): RouteDecorator {
  return routeDecorator(({ requirements }) => void requirements.unshift({ factory, given }))
}

export const publicRoute = (): RouteDecorator =>
  routeDecorator((entry) => {
    entry.isPublic = true
  })

function entryOf(target: object, name: Name | undefined): Entry {
  const created: Entry = { requirements: [], isPublic: false }
  if (name === undefined) return remembered(ofClasses, target, created)
  return remembered(remembered(ofMethods, target, new Map<Name, Entry>()), name, created)
}

function remembered<Key, Value>(
  map: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  created: Value,
): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  map.set(key, created)
  return created
}

/** A class whose methods handle requests. */
export interface HandlerClass {
  readonly name: string
  readonly prototype: object
}

/**
 * What a handler requires, in order: the audience first, then the class, then the method. `public` if it needs no
 * token.
 */
export function requirementsOf(
  owner: HandlerClass,
  handler: object,
): readonly Requirement[] | 'public' {
  const ofClass = chainOf(owner)
    .map((one) => ofClasses.get(one))
    .find((entry) => entry !== undefined)
  const ofMethod = methodEntry(owner, handler)
  for (const entry of [ofClass, ofMethod]) requireOneKind(entry, owner)
  const own = ofMethod?.requirements ?? []
  if (ofMethod?.isPublic || (ofClass?.isPublic && own.length === 0)) return 'public'
  const all = [...(ofClass?.requirements ?? []), ...own]
  const isAudience = ({ factory }: Requirement): boolean => factory === 'requireAudience'
  // The first guard verifies the token, for its audience.
  return [...all.filter(isAudience), ...all.filter((one) => !isAudience(one))]
}

/** Whether `@Public()` is on the class, or on the nearest parent with a decorator. */
export function isPublicClass(owner: HandlerClass): boolean {
  const entry = chainOf(owner)
    .map((one) => ofClasses.get(one))
    .find((found) => found !== undefined)
  return entry?.isPublic ?? false
}

/** The decorators of the nearest class that has the method. */
function methodEntry(owner: HandlerClass, handler: object): Entry | undefined {
  const prototypes = chainOf(owner.prototype)
  for (const prototype of prototypes) {
    const name = Reflect.ownKeys(prototype).find(
      (key) => Object.getOwnPropertyDescriptor(prototype, key)?.value === handler,
    )
    if (name !== undefined) return ofMethods.get(prototype)?.get(name)
  }
  if (!prototypes.some((prototype) => ofMethods.has(prototype))) return undefined
  throw new ConfigError(
    `A handler of ${owner.name} is not one of its methods, so the handler's decorators are unknown.`,
    'Define the handler as a method, and do not replace it in the constructor.',
  )
}

function chainOf(start: object): readonly object[] {
  const parent = Object.getPrototypeOf(start) as object | null
  return parent === null || parent === Object.prototype || parent === Function.prototype
    ? [start]
    : [start, ...chainOf(parent)]
}

function requireOneKind(entry: Entry | undefined, { name }: HandlerClass): void {
  if (!entry?.isPublic || entry.requirements.length === 0) return
  throw new ConfigError(
    `@Public() and @${entry.requirements[0]?.factory.replace(/^r/, 'R')} are on the same class or method of ${name}.`,
    'Remove one of them.',
  )
}

/** The guards for requirements. Without any, a valid token for the configured audience is required. */
export function guardsFor(
  requirements: readonly Requirement[],
  guards: Guards<Guard>,
): readonly [Guard, ...Guard[]] {
  const create = ({ factory, given }: Requirement): Guard =>
    (guards[factory] as (...given: readonly unknown[]) => Guard)(...given)
  const [first, ...others] = requirements.map(create)
  return first ? [first, ...others] : [guards.requireAuthentication()]
}
