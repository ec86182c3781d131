import { descriptionOf, type HandlerDescription } from '@resource-server/core/adapter'

/** A function of the app that a request passes through. */
export type Handler = (...given: never[]) => unknown

/** One function in the path of a request. */
export interface Step {
  readonly handler: Handler
  readonly role: 'guard' | 'metadata' | 'cors' | 'errors' | 'static' | 'other'
  /** What to call it in a report. */
  readonly name: string
  /** Set for handlers of a resource server. */
  readonly description: HandlerDescription | undefined
  /** Whether later functions can run after it, as far as its parameters show. */
  readonly continues: boolean
}

/** Something in the app that answers requests, and everything that runs for such a request, in order. */
export interface Target {
  readonly kind: 'route' | 'cors' | 'metadata'
  /** `ALL` if it answers every method. */
  readonly method: string
  /** The pattern, as the app writes it. */
  readonly path: string
  /** The functions before the one that answers. */
  readonly before: readonly Step[]
  readonly answers: Step
  /** The functions that would run if it passed the request on. */
  readonly after: readonly Step[]
}

/** A part of the app that cannot be examined, and why. */
export interface Unknown {
  readonly path: string
  readonly why: string
}

/** What the routes of an app are, in the order in which they were added. */
export interface ExaminedApp {
  readonly framework: 'Express' | 'Fastify' | 'Koa'
  readonly targets: readonly Target[]
  readonly unknown: readonly Unknown[]
}

/** How a framework calls its handlers: what their parameters say about them. */
export interface Signature {
  /** The number of parameters of a function that never passes the request on. */
  readonly answering: readonly number[]
  /** How many parameters an error handler has. `undefined` if it is not middleware. */
  readonly errors: number | undefined
}

export function stepOf(handler: Handler, { answering, errors }: Signature): Step {
  const description = descriptionOf(handler)
  const role = description?.kind ?? roleOf(handler, errors)
  return {
    handler,
    role,
    name: description?.name ?? (handler.name || 'an anonymous function'),
    description,
    continues:
      role !== 'other' || !answering.includes(handler.length) || hasMoreParameters(handler),
  }
}

function roleOf(handler: Handler, errors: number | undefined): Step['role'] {
  if (handler.length === errors) return 'errors'
  if (handler.name === 'serveStatic') return 'static'
  return isCors(handler) ? 'cors' : 'other'
}

/** The middleware of `cors`, `@koa/cors`, and `@fastify/cors` has a name. Others set this header. */
function isCors(handler: Handler): boolean {
  return /cors/i.test(handler.name) || /access-control-allow-origin/i.test(sourceOf(handler))
}

/** `length` counts neither rest parameters nor those after one with a default. */
function hasMoreParameters(handler: Handler): boolean {
  return /\.\.\.|=/.test(parametersOf(handler).join(','))
}

/** A handler for paths without a route, as far as its source shows. */
export function isNotFound(handler: Handler): boolean {
  return /\b404\b|not.?found/i.test(sourceOf(handler))
}

/** The source of a function. Bound and native functions have none. */
export function sourceOf(handler: Handler): string {
  const text = Function.prototype.toString.call(handler)
  return text.includes('[native code]') ? '' : text
}

/** The names of the parameters, as the function writes them. */
export function parametersOf(handler: Handler): readonly string[] {
  const source = sourceOf(handler)
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source)?.[1]
  if (single !== undefined) return [single]
  const end = /\)\s*(?:=>|\{)/.exec(source)?.index ?? 0
  const list = source.slice(source.indexOf('(') + 1, end)
  return list.split(',').map((name) => name.trim())
}
