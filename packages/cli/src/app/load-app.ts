import { Server } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { ConfigError } from '@resource-server/core'
import { examineExpress } from './express.ts'
import { examineFastify, recordFastify } from './fastify.ts'
import { examineKoa } from './koa.ts'
import { recordExpress } from './record-express.ts'
import type { ExaminedApp } from './step.ts'

/** What an app contains, and whether its module tried to listen. */
export interface LoadedApp extends ExaminedApp {
  readonly listens: boolean
}

/** In milliseconds. */
const limits = { load: 20_000, afterListen: 1_000 }

/**
 * Loads the module of an app and examines it. The code of the module runs. Servers are kept from listening: calls to
 * `listen` do nothing.
 *
 * @param given the path of the module and the name of its export, such as `./app.mjs#app`
 * @throws ConfigError if there is no app
 */
export async function loadApp(given: string): Promise<LoadedApp> {
  const [path = '', name] = given.split('#', 2)
  const file = resolve(path)
  const blocked = blockListen()
  const express = recordExpress(file)
  const fastify = recordFastify()
  const load = <T>(work: () => Promise<T>): Promise<T> => within(explained(work), { blocked, path })
  try {
    const exported = await load(() => loadExport(file, name))
    const isFactory = typeof exported === 'function' && !examineExpress(exported, express)
    const app = isFactory ? await load(() => create(exported as Factory)) : exported
    const examined =
      examineExpress(app, express) ??
      examineKoa(app) ??
      (await load(() => examineFastify(app, fastify)))
    if (!examined) throw notAnApp(given)
    return { ...examined, listens: blocked.hasListened() }
  } finally {
    for (const { stop } of [blocked, express, fastify]) stop()
  }
}

type Factory = () => unknown

/** A function that is not an app creates one, as in `export const createApp = () => …`. */
async function create(factory: Factory): Promise<unknown> {
  return factory()
}

async function loadExport(file: string, name: string | undefined): Promise<unknown> {
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
  const app = findExport(module, name)
  if (app !== undefined) return app
  const names = Object.keys(module).filter((one) => /^[A-Za-z_$]/.test(one))
  throw new ConfigError(
    `The module has no export '${name ?? 'default'}'.`,
    names.length === 0
      ? 'Export the app: export const app = …'
      : `Name one of its exports in --app: ${names.join(', ')}.`,
  )
}

/** What CommonJS exports is the default export, and its members may not be exports of their own. */
function findExport(module: Readonly<Record<string, unknown>>, name = 'app'): unknown {
  const { default: whole } = module
  const member = (whole as Readonly<Record<string, unknown>> | undefined)?.[name]
  const named = module[name] ?? member
  return name === 'app' ? (named ?? whole) : named
}

/** Says what to do about an error of the app. One of a resource server says so itself. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const message = error instanceof Error ? error.message.split('\n', 1)[0]! : 'unknown error'
    throw new ConfigError(`The app cannot be loaded: ${message}`, adviceFor(error, message))
  }
}

function adviceFor(error: unknown, message: string): string {
  if ((error as { readonly code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return 'Pass the compiled file, or start Node.js with a loader: NODE_OPTIONS="--import tsx".'
  }
  // The plugin of Fastify adds the guards when it is loaded.
  if (/\brequire[A-Z]\w+ is not a function/.test(message)) {
    return 'Await app.register(resourceServer, …) before you define routes, or define them in a plugin.'
  }
  return 'Load it with node to see where the error comes from. It may need environment variables.'
}

function notAnApp(given: string): ConfigError {
  return new ConfigError(
    `${given} is not an Express, Fastify, or Koa app.`,
    'Export the app itself, or a function that returns it.',
  )
}

interface Blocked {
  readonly hasListened: () => boolean
  /** Resolves soon after the first call to `listen`. */
  readonly afterListen: Promise<void>
  readonly stop: () => void
}

/** Replaces `listen` of all servers with a function that does nothing. */
function blockListen(): Blocked {
  // oxlint-disable-next-line typescript/unbound-method -- it is put back
  const { listen } = Server.prototype
  let hasListened = false
  let report = (): void => {}
  const afterListen = new Promise<void>((done) => (report = done))
  Server.prototype.listen = function ignore(this: Server) {
    hasListened = true
    report()
    return this
  }
  return {
    hasListened: () => hasListened,
    afterListen,
    stop: () => void (Server.prototype.listen = listen),
  }
}

/** Waits for a part of the app. One that waits for its server to listen waits forever. */
async function within<T>(
  work: Promise<T>,
  { blocked: { afterListen }, path }: { readonly blocked: Blocked; readonly path: string },
): Promise<T> {
  const stopped = new AbortController()
  const after = async (delay: number, problem: string, fix: string): Promise<never> => {
    await wait(delay, undefined, { signal: stopped.signal })
    throw new ConfigError(`${path} ${problem}`, fix)
  }
  try {
    return await Promise.race([
      work,
      afterListen.then(() =>
        after(
          limits.afterListen,
          'waits until a server listens, but doctor does not let servers listen.',
          'Export the app from a module that does not call listen().',
        ),
      ),
      after(
        limits.load,
        `was not loaded within ${limits.load / 1000} s.`,
        'Export the app from a module that does not wait for other services.',
      ),
    ])
  } finally {
    stopped.abort()
  }
}
