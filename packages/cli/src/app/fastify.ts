import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ExaminedApp, Handler, Signature, Step, Target } from './step.ts'
import { stepOf } from './step.ts'

/** The phases before the handler, in order. */
const phases = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const
type Phase = (typeof phases)[number]

type Hooks = { readonly [Name in Phase]?: Handler | readonly Handler[] | undefined }

interface RouteOptions extends Hooks {
  readonly method: string | readonly string[]
  readonly url: string
  readonly handler: Handler
  readonly errorHandler?: Handler | undefined
  readonly schema?: { readonly hide?: unknown } | undefined
}

interface Instance {
  addHook(name: 'onRoute', hook: (this: Instance, route: RouteOptions) => void): unknown
  ready(): PromiseLike<unknown>
  setErrorHandler(handler: Handler, ...more: readonly unknown[]): unknown
}

/** A route, and the instance that it was added to: a plugin has one of its own. */
interface RecordedRoute {
  readonly instance: Instance
  readonly options: RouteOptions
}

/** The routes of the apps that were created since `recordFastify` was called. */
export interface FastifyRecord {
  readonly routesOf: (app: object) => readonly RecordedRoute[] | undefined
  /** The error handler that was set for an instance. Fastify keeps a bound function, so its source is lost. */
  readonly errorHandlers: WeakMap<object, Handler>
  readonly stop: () => void
}

const channel = 'fastify.initialization'
const signature: Signature = { answering: [], errors: undefined }

/**
 * Records the routes of every app from its creation on, through the channel on which Fastify publishes new apps. A hook
 * that is added later, such as one from a plugin, misses the routes before it, which may be those without a guard.
 */
export function recordFastify(): FastifyRecord {
  const apps = new WeakMap<object, RecordedRoute[]>()
  const errorHandlers = new WeakMap<object, Handler>()
  const listen = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: Instance }
    const routes: RecordedRoute[] = []
    apps.set(fastify, routes)
    fastify.addHook('onRoute', function record(options) {
      routes.push({ instance: this, options })
    })
    const setErrorHandler = Reflect.get(fastify, 'setErrorHandler') as (
      ...given: unknown[]
    ) => unknown
    // The instances of plugins inherit it.
    fastify.setErrorHandler = function record(handler, ...more) {
      errorHandlers.set(this, handler)
      return Reflect.apply(setErrorHandler, this, [handler, ...more])
    }
  }
  subscribe(channel, listen)
  return {
    routesOf: (app) => apps.get(app),
    errorHandlers,
    stop: () => void unsubscribe(channel, listen),
  }
}

/**
 * `undefined` if the value is not a Fastify app.
 *
 * @throws what a plugin of the app throws
 */
export async function examineFastify(
  app: unknown,
  record: FastifyRecord,
): Promise<ExaminedApp | undefined> {
  const routes = typeof app === 'object' && app !== null ? record.routesOf(app) : undefined
  if (!routes) return undefined
  await (app as Instance).ready()
  const isShown = routes.filter((route) => !isGenerated(route, routes))
  const metadata = metadataTargets(routes)
  return {
    framework: 'Fastify',
    targets: [
      ...isShown.map((route) => targetOf(route, record)),
      ...corsTargets(routes),
      ...metadata,
    ],
    unknown: [],
  }
}

/** Fastify adds HEAD to each GET, and `@fastify/cors` adds a route for preflights. */
function isGenerated(route: RecordedRoute, all: readonly RecordedRoute[]): boolean {
  const { method, url } = route.options
  if (method === 'HEAD') return all.some((one) => hasRoute(one, 'GET', url))
  const isForPreflights = method === 'OPTIONS' && url.endsWith('*')
  return isForPreflights && stepsOf(route).some(({ role }) => role === 'cors')
}

function hasRoute({ options }: RecordedRoute, method: string, url: string): boolean {
  return options.url === url && [options.method].flat().includes(method)
}

function targetOf(route: RecordedRoute, record: FastifyRecord): Target {
  const { method, url, handler } = route.options
  const methods = [method].flat()
  return {
    kind: 'route',
    method: methods.length > 6 ? 'ALL' : methods.join(', '),
    path: url === '*' ? '/*' : url || '/',
    before: [...errorSteps(route, record), ...stepsOf(route)],
    answers: stepOf(handler, signature),
    after: [],
  }
}

/** The hooks that run before the handler. Those of the instance come before those of the route. */
function stepsOf({ instance, options }: RecordedRoute): readonly Step[] {
  return phases.flatMap((phase) =>
    [hooksOf(instance, phase), options[phase] ?? []].flat(2).map((hook) => stepOf(hook, signature)),
  )
}

/** Fastify keeps the hooks of an instance under a symbol that it does not export. */
function hooksOf(instance: object, phase: Phase): readonly Handler[] {
  const hooks = read(instance, 'fastify.hooks') as Readonly<Record<Phase, readonly Handler[]>>
  return hooks[phase]
}

/** @throws Error if this version of Fastify keeps its state elsewhere */
function read(instance: object, description: string): unknown {
  const symbols = instancesOf(instance).flatMap((one) => Object.getOwnPropertySymbols(one))
  const key = symbols.find((symbol) => symbol.description === description)
  if (key) return Reflect.get(instance, key)
  throw new Error(`This version of Fastify has no ${description}, so its hooks cannot be read.`)
}

/** The app's own error handler. It answers instead of the handler if a guard throws. */
function errorSteps(
  { instance, options }: RecordedRoute,
  { errorHandlers }: FastifyRecord,
): readonly Step[] {
  const inherited = instancesOf(instance).flatMap((one) => errorHandlers.get(one) ?? [])
  const [handler] = [options.errorHandler ?? [], inherited].flat()
  return handler ? [{ ...stepOf(handler, signature), role: 'errors' }] : []
}

/** An instance, and those that it inherits from. */
function instancesOf(instance: object): readonly object[] {
  const parent = Object.getPrototypeOf(instance) as object | null
  return parent === null ? [instance] : [instance, ...instancesOf(parent)]
}

/** One for each function that handles CORS, with the hooks before it. */
function corsTargets(routes: readonly RecordedRoute[]): readonly Target[] {
  const seen = new Set<Handler>()
  return routes.flatMap((route) => {
    const steps = stepsOf(route)
    return steps.flatMap((answers, at) => {
      if (answers.role !== 'cors' || seen.has(answers.handler)) return []
      seen.add(answers.handler)
      const before = steps.slice(0, at)
      return [{ kind: 'cors' as const, method: 'ALL', path: '/', before, answers, after: [] }]
    })
  })
}

/** Where the metadata is served: by a hook, or by a route of its own. */
function metadataTargets(routes: readonly RecordedRoute[]): readonly Target[] {
  const seen = new Set<Handler>()
  return routes.flatMap((route) => {
    const steps = [...stepsOf(route), stepOf(route.options.handler, signature)]
    return steps.flatMap((answers, at) => {
      if (answers.role !== 'metadata' || seen.has(answers.handler)) return []
      seen.add(answers.handler)
      const isHook = hooksOf(route.instance, 'onRequest').includes(answers.handler)
      const path = isHook ? prefixOf(route.instance) : route.options.url
      const before = steps.slice(0, at)
      return [{ kind: 'metadata' as const, method: 'GET', path, before, answers, after: [] }]
    })
  })
}

function prefixOf(instance: Instance & { readonly prefix?: string }): string {
  return instance.prefix || '/'
}
