import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { types } from 'node:util'
import type { ExpressRecord } from './express.ts'

type Method = (this: object, ...given: readonly unknown[]) => unknown

interface Layer {
  readonly handle: { readonly name: string }
}

interface Express {
  readonly Router: { readonly prototype: { use?: Method } }
}

/**
 * Records what the routers of Express do not keep, while an app is loaded: the apps that it mounts, and with routers
 * before 2.3, the paths at which it mounts something.
 *
 * @param file the file of the app
 */
export function recordExpress(file: string): ExpressRecord & { readonly stop: () => void } {
  const record: ExpressRecord = { mounts: new WeakMap(), apps: new WeakMap() }
  const undo = [recordApps(record), recordMounts(record, file)]
  return {
    ...record,
    stop: () => {
      for (const work of undo) work()
    },
  }
}

/** A mounted app emits an event with its parent. This works for all copies of Express that the app imports. */
function recordApps({ apps }: ExpressRecord): () => void {
  const { prototype } = EventEmitter as unknown as { readonly prototype: { emit: Method } }
  const { emit } = prototype
  prototype.emit = function emitAndRecord(...given) {
    const [event, parent] = given
    if (event === 'mount' && typeof parent === 'function') {
      const layer = layersOf(parent).at(-1)
      if (layer?.handle.name === 'mounted_app') apps.set(layer.handle, this)
    }
    return Reflect.apply(emit, this, given)
  }
  return () => void (prototype.emit = emit)
}

/** For the copy of Express that the file of the app imports. */
function recordMounts({ mounts }: ExpressRecord, file: string): () => void {
  const prototype = expressFor(file)?.Router.prototype
  const use = prototype?.use
  if (!prototype || !use) return () => {}
  prototype.use = function useAndRecord(...given) {
    const known = new Set(stackOf(this))
    const result: unknown = Reflect.apply(use, this, given)
    const mount = isPath(given[0]) ? given[0] : '/'
    for (const layer of stackOf(this)) if (!known.has(layer)) mounts.set(layer, mount)
    return result
  }
  return () => void (prototype.use = use)
}

function expressFor(file: string): Express | undefined {
  try {
    return createRequire(file)('express') as Express
  } catch {
    // The app uses another framework.
    return undefined
  }
}

/** In Express 4, `router` throws, and `_router` is created with the first layer. */
function layersOf(app: object): readonly Layer[] {
  return stackOf(Reflect.get(app, 'lazyrouter' in app ? '_router' : 'router'))
}

function stackOf(router: unknown): readonly Layer[] {
  return (router as { readonly stack?: readonly Layer[] } | undefined)?.stack ?? []
}

/** A path, an expression, or a list of them. */
function isPath(value: unknown): boolean {
  const first = Array.isArray(value) ? (value as unknown[]).flat(Infinity)[0] : value
  return typeof first === 'string' || types.isRegExp(first)
}
