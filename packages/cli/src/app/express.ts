import { perMethod, type Way } from './methods.ts'
import { joinPath, patternOf, samplesOf, showPath } from './sample-path.ts'
import {
  type ExaminedApp,
  type Handler,
  type Signature,
  sourceOf,
  type Step,
  stepOf,
  type Target,
  type Unknown,
} from './step.ts'

/** A layer of a router of Express 4 or 5. */
interface Layer {
  readonly handle: Handler & Partial<Router>
  readonly route?: Route | undefined
  /** The part of the path that matched last. Since router 2.3, `match` returns it. */
  readonly path?: string | undefined
  /** Since router 2.3. */
  readonly rawPath?: unknown
  /** In Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  match(path: string): boolean | { readonly path: string }
}

interface Route {
  readonly path: unknown
  readonly stack: readonly { readonly handle: Handler; readonly method?: string }[]
}

interface Router {
  readonly stack: readonly Layer[]
}

/** What the routers do not keep: see `recordExpress`. */
export interface ExpressRecord {
  /** The mount path of a layer. */
  readonly mounts: WeakMap<object, unknown>
  /** The app behind the function that mounts it. */
  readonly apps: WeakMap<object, object>
}

const signature: Signature = { answering: [1, 2], errors: 4 }

/** `undefined` if the value is neither an Express app nor an Express router. */
export function examineExpress(app: unknown, record: ExpressRecord): ExaminedApp | undefined {
  const router = routerOf(app)
  if (!router) return undefined
  const walk = new Walk(router, record)
  return { framework: 'Express', targets: walk.targets(), unknown: walk.unknown }
}

function routerOf(value: unknown): Router | undefined {
  if (typeof value !== 'function') return undefined
  const app = value as Handler & Partial<Router>
  if (Array.isArray(app.stack)) return app as Router
  if (!('handle' in app) || !('set' in app)) return undefined
  // In Express 4, `router` throws, and `_router` is created with the first layer.
  const router = Reflect.get(app, 'lazyrouter' in app ? '_router' : 'router') as Router | undefined
  return router ?? { stack: [] }
}

/** Where a layer is mounted, and a path that it matches. */
interface Place {
  readonly mount: string
  readonly sample: string
}

/** A function in the order in which a request reaches it. */
interface Passed {
  readonly step: Step
  /** The route, or the layer of middleware. */
  readonly owner: object
  /** Whether a request can leave the route before it. */
  readonly isUncertain: boolean
}

class Walk {
  readonly unknown: Unknown[] = []
  readonly #root: Router
  readonly #record: ExpressRecord

  constructor(root: Router, record: ExpressRecord) {
    this.#root = root
    this.#record = record
  }

  targets(): readonly Target[] {
    return this.#targetsIn(this.#root, { mount: '', sample: '' })
  }

  #targetsIn(router: Router, place: Place): readonly Target[] {
    return router.stack.flatMap((layer) => {
      if (layer.route) return this.#targetsOfRoute(layer, layer.route, place)
      const below = this.#below(layer, this.#mountOf(layer), place)
      if (!below) return []
      const nested = this.#nestedIn(layer)
      return nested ? this.#targetsIn(nested, below) : this.#targetOfMiddleware(layer, below)
    })
  }

  #mountOf(layer: Layer): unknown {
    const { rawPath, regexp, keys = [] } = layer
    const names = keys.map(({ name }) => String(name))
    return rawPath ?? this.#record.mounts.get(layer) ?? (regexp && patternOf(regexp, names))
  }

  /** Where the functions of a layer are. Notes it if that is not known. */
  #below(layer: Layer, pattern: unknown, { mount, sample }: Place): Place | undefined {
    const path = joinPath(mount, pattern === undefined ? layer.handle.name : showPath(pattern))
    for (const one of samplesOf(pattern)) {
      const matched = matchedPath(layer, one)
      if (matched !== undefined) return { mount: path, sample: sample + withoutSlash(matched) }
    }
    this.unknown.push({ path, why: 'doctor found no path that matches its pattern' })
    return undefined
  }

  #nestedIn({ handle }: Layer): Router | undefined {
    return Array.isArray(handle.stack)
      ? (handle as Router)
      : routerOf(this.#record.apps.get(handle))
  }

  #targetsOfRoute(layer: Layer, route: Route, place: Place): readonly Target[] {
    return [route.path].flat(Infinity).flatMap((pattern) => {
      const below = this.#below(layer, pattern, place)
      return below ? this.#targetsOfPattern(route, below) : []
    })
  }

  #targetsOfPattern(route: Route, { mount: path, sample }: Place): readonly Target[] {
    // A function that was added with `route.all` has no method.
    const isAll = route.stack.some(({ method }) => method === undefined)
    const methods = isAll ? [] : route.stack.map(({ method = '' }) => method.toUpperCase())
    const results = perMethod([...new Set(methods)], (method) => this.#reach(route, sample, method))
    return results.flatMap((result): Target[] => {
      const { role } = result.answers
      if (role === 'guard') return []
      return [{ kind: role === 'cors' || role === 'metadata' ? role : 'route', path, ...result }]
    })
  }

  /** Middleware that answers every request below its path, or that may come too late. */
  #targetOfMiddleware(layer: Layer, { mount, sample }: Place): readonly Target[] {
    const { role, continues } = stepOf(layer.handle, signature)
    if (layer.handle.name === 'mounted_app') {
      this.unknown.push({ path: mount, why: 'doctor does not know the app that is mounted there' })
    }
    const kind = role === 'cors' || role === 'metadata' ? role : 'route'
    if (kind === 'route' && role !== 'static' && continues) return []
    const path = kind === 'route' ? joinPath(mount, '*') : mount
    const way = this.#reach(layer, sample, 'GET')
    return way ? [{ kind, method: 'ALL', path, ...way }] : []
  }

  #reach(target: object, path: string, method: string): Way | undefined {
    const passed = this.#passed(this.#root, path || '/', method)
    const own = passed.filter(({ owner, step }) => owner === target && step.role !== 'errors')
    const answers = own.find(({ step }) => !step.continues) ?? own.at(-1)
    if (!answers) return undefined
    const steps = passed.map(({ step, owner, isUncertain }): Step =>
      isUncertain && owner !== target && step.role === 'guard' ? { ...step, role: 'other' } : step,
    )
    const at = passed.indexOf(answers)
    return { before: steps.slice(0, at), answers: answers.step, after: steps.slice(at + 1) }
  }

  /** Every function that a request passes, in order, if each one passes it on. */
  #passed(router: Router, path: string, method: string): readonly Passed[] {
    return router.stack.flatMap((layer) => {
      const matched = matchedPath(layer, path)
      if (matched === undefined) return []
      const { route, handle } = layer
      if (route) return passedInRoute(route, method)
      const nested = this.#nestedIn(layer)
      if (!nested) return [{ step: stepOf(handle, signature), owner: layer, isUncertain: false }]
      return this.#passed(nested, path.slice(withoutSlash(matched).length) || '/', method)
    })
  }
}

function passedInRoute(route: Route, method: string): readonly Passed[] {
  const steps = route.stack
    .filter((one) => one.method === undefined || one.method === method.toLowerCase())
    .map((one) => stepOf(one.handle, signature))
  const leaves = steps.findIndex(({ handler }) => leavesRoute(handler))
  return steps.map((step, at) => ({
    step,
    owner: route,
    isUncertain: leaves !== -1 && at > leaves,
  }))
}

/** Whether it may call `next('route')`, as far as its source shows. */
function leavesRoute(handler: Handler): boolean {
  return /(['"`])router?\1/.test(sourceOf(handler))
}

/** The part of the path that a layer matches, by its own matcher. */
function matchedPath(layer: Layer, path: string): string | undefined {
  const match = layer.match(path)
  if (match === false) return undefined
  return typeof match === 'object' ? match.path : (layer.path ?? '')
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '')
}
