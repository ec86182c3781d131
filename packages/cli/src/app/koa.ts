import { perMethod, type Way } from './methods.ts'
import { samplesOf, showPath } from './sample-path.ts'
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

/** A layer of `@koa/router`. The layers of `router.use` have no methods. */
interface Layer {
  readonly path: unknown
  readonly methods: readonly string[]
  readonly stack: readonly Handler[]
  match(path: string): boolean
}

interface Router {
  readonly stack: readonly Layer[]
  match(
    path: string,
    method: string,
  ): { readonly pathAndMethod: readonly Layer[]; readonly route: unknown }
}

/** `router.routes()` returns middleware with its router. */
type Middleware = Handler & { readonly router?: Router }

const signature: Signature = { answering: [1], errors: undefined }

/** `undefined` if the value is not a Koa app. */
export function examineKoa(app: unknown): ExaminedApp | undefined {
  const { middleware, callback } = (app ?? {}) as {
    readonly middleware?: readonly Middleware[]
    readonly callback?: unknown
  }
  if (!Array.isArray(middleware) || typeof callback !== 'function') return undefined
  const walk = new Walk(middleware as readonly Middleware[])
  return { framework: 'Koa', targets: walk.targets(), unknown: walk.unknown }
}

class Walk {
  readonly unknown: Unknown[] = []
  readonly #middleware: readonly Middleware[]

  constructor(middleware: readonly Middleware[]) {
    this.#middleware = middleware
  }

  targets(): readonly Target[] {
    return this.#middleware.flatMap((one) =>
      one.router
        ? one.router.stack.flatMap((layer) => this.#targetsOf(layer))
        : this.#targetOfMiddleware(one),
    )
  }

  #targetsOf(layer: Layer): readonly Target[] {
    const sample = samplesOf(layer.path).find((one) => layer.match(one))
    if (layer.methods.length === 0) return this.#targetOfUse(layer, sample)
    const path = showPath(layer.path)
    if (sample === undefined) {
      this.unknown.push({ path, why: 'doctor found no path that matches its pattern' })
      return []
    }
    // The router adds HEAD to each GET.
    const methods = layer.methods.filter((one) => one !== 'HEAD' || !layer.methods.includes('GET'))
    const results = perMethod(methods, (method) => this.#reach(layer, sample, method))
    return results.flatMap((result): Target[] => {
      const { role } = result.answers
      if (role === 'guard') return []
      return [{ kind: role === 'cors' || role === 'metadata' ? role : 'route', path, ...result }]
    })
  }

  /** `router.use`, which answers nothing, but may come too late. */
  #targetOfUse(layer: Layer, sample: string | undefined): readonly Target[] {
    const way = this.#reach(layer, sample ?? '/', 'GET')
    const role = way?.answers.role
    if (!way || (role !== 'cors' && role !== 'metadata')) return []
    return [{ kind: role, method: 'ALL', path: showMount(layer.path), ...way }]
  }

  /** Middleware of the app itself that answers every request, or that may come too late. */
  #targetOfMiddleware(one: Middleware): readonly Target[] {
    const hidden = whatIsHiddenIn(one)
    if (hidden !== undefined) this.unknown.push({ path: '/*', why: hidden })
    const answers = stepOf(one, signature)
    const kind = answers.role === 'cors' || answers.role === 'metadata' ? answers.role : 'route'
    if (kind === 'route' && answers.continues) return []
    const at = this.#middleware.indexOf(one)
    const before = stepsOf(this.#middleware.slice(0, at))
    const after = stepsOf(this.#middleware.slice(at + 1))
    return [{ kind, method: 'ALL', path: kind === 'route' ? '/*' : '/', before, answers, after }]
  }

  #reach(target: Layer, path: string, method: string): Way | undefined {
    const passed = this.#middleware.flatMap((one) => passedIn(one, { target, path, method }))
    const own = passed.filter(({ layer }) => layer === target)
    const answers = own.find(({ step }) => !step.continues) ?? own.at(-1)
    if (!answers) return undefined
    const steps = passed.map(({ step }) => step)
    const at = passed.indexOf(answers)
    return { before: steps.slice(0, at), answers: answers.step, after: steps.slice(at + 1) }
  }
}

/** A function in the order in which a request reaches it. */
interface Passed {
  readonly step: Step
  readonly layer: Layer | undefined
}

interface Request {
  readonly target: Layer
  readonly path: string
  readonly method: string
}

function passedIn(one: Middleware, { target, path, method }: Request): readonly Passed[] {
  if (!one.router) return [{ step: stepOf(one, signature), layer: undefined }]
  const { route, pathAndMethod } = one.router.match(path, method)
  // A router does nothing unless one of its routes matches. Its middleware matters for other paths too.
  if (!route && !pathAndMethod.includes(target)) return []
  return pathAndMethod.flatMap((layer) =>
    layer.stack.map((handler) => ({ step: stepOf(handler, signature), layer })),
  )
}

function stepsOf(middleware: readonly Middleware[]): readonly Step[] {
  return middleware.filter(({ router }) => !router).map((one) => stepOf(one, signature))
}

/** Middleware that contains other middleware, according to its source: that of `koa-mount` and `koa-compose`. */
function whatIsHiddenIn(one: Middleware): string | undefined {
  const source = sourceOf(one)
  if (/\bmountPath\b/.test(source)) return 'an app that koa-mount mounts'
  return /\bdispatch\(0\)/.test(source) ? 'middleware that koa-compose joins' : undefined
}

/** `router.use` without a path has an expression that matches everything. */
function showMount(path: unknown): string {
  return typeof path === 'string' && /^[\w/:.-]+$/.test(path) ? path : '/'
}
