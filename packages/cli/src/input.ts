import { access, readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError, type ResourceServerOptions } from '@resource-server/core'
import type { ExplainOptions } from '@resource-server/core/explain'
import * as providers from '@resource-server/core/providers'
import { readHops } from './doctor/hops.ts'
import type { Terminal } from './terminal.ts'

/** The arguments that say how the service is configured. */
export interface SetupArguments {
  readonly config?: string
  readonly issuer?: string
  readonly audience?: readonly string[]
  readonly provider?: string
  readonly jwksUri?: string
}

/** How a service is configured. */
export interface Setup {
  readonly options: ResourceServerOptions
  /** The services that it calls, by name. */
  readonly hops: ReturnType<typeof readHops>
}

/** @throws ConfigError if the arguments do not describe a service */
export async function readSetup(given: SetupArguments): Promise<Setup> {
  const { config, issuer, audience, provider, jwksUri } = given
  const fromFile = config === undefined ? { options: {}, hops: {} } : await readConfig(config)
  const named = issuer === undefined ? {} : { issuer: issuerOf(issuer, provider, jwksUri) }
  const names = audience ? { audience } : {}
  const options = { ...fromFile.options, ...named, ...names }
  if ('issuer' in options || 'issuers' in options || 'resolveIssuer' in options) {
    return { options: options as ResourceServerOptions, hops: fromFile.hops }
  }
  throw new ConfigError('No issuer was given.', 'Pass --issuer URL, or --config with a file.')
}

type Provider = (url: string) => object

function issuerOf(issuer: string, provider: string | undefined, jwksUri: string | undefined) {
  const more = jwksUri === undefined ? {} : { jwksUri }
  if (provider === undefined) return { issuer, ...more }
  const known: Readonly<Record<string, unknown>> = providers
  const create = Object.hasOwn(known, provider) ? known[provider] : undefined
  if (typeof create !== 'function' || provider === 'extend') {
    const names = Object.keys(known).filter(
      (name) => name !== 'extend' && typeof known[name] === 'function',
    )
    throw new ConfigError(`Unknown provider '${provider}'.`, `Pass one of ${names.join(', ')}.`)
  }
  return { ...(create as Provider)(issuer), ...more }
}

/** A module whose default export, or whose export `options`, has the options, or a JSON file. */
async function readConfig(
  path: string,
): Promise<{ readonly options: object; readonly hops: Setup['hops'] }> {
  await requireFile(path)
  const module: ConfigModule =
    extname(path) === '.json' ? { default: await readJsonConfig(path) } : await importConfig(path)
  const options = module.options ?? module.default
  if (typeof options === 'object' && options !== null) {
    return { options, hops: readHops(module.hops) }
  }
  throw new ConfigError(
    `${path} has no options.`,
    'Export the options of resourceServer() as the default export, or as `options`.',
  )
}

/** The error of an import names a file of this package. */
async function requireFile(path: string): Promise<void> {
  try {
    await access(path)
  } catch {
    throw new ConfigError(
      `The --config file '${path}' cannot be read.`,
      'Pass a module or a JSON file that exports the options of resourceServer().',
    )
  }
}

/** The message of the parser could repeat a secret of the file. */
async function readJsonConfig(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new ConfigError(
      `${path} is not JSON.`,
      'Fix the syntax error: an editor shows where it is.',
    )
  }
}

interface ConfigModule {
  readonly default?: unknown
  readonly options?: unknown
  readonly hops?: unknown
}

async function importConfig(path: string): Promise<ConfigModule> {
  return (await import(pathToFileURL(resolve(path)).href)) as ConfigModule
}

/** Reads the token. It is never an argument, because other users see those in the process list. */
export async function readToken(file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) return clean(await readFile(file, 'utf8'))
  if (terminal.isInteractive) terminal.warn('Paste the token, then press Enter and Ctrl-D:\n')
  const chunks: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of terminal.stdin) {
    chunks.push(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
  }
  return clean(chunks.join(''))
}

/** Removes what a shell or an editor adds. Everything else is part of the token and is reported. */
function clean(text: string): string {
  return text.replace(/^\uFEFF/, '').trim()
}

type MakeGuards = NonNullable<ExplainOptions['guards']>

const guardFormat = /^(require[A-Za-z]+)(?:=(.+))?$/

/**
 * Reads guards such as `requireScope=orders:read,orders:write`.
 *
 * @throws ConfigError for a guard that is unknown or needs code
 */
export function readGuards(given: readonly string[]): MakeGuards {
  return (guards) =>
    given.map((text) => {
      const [, name = '', values] = guardFormat.exec(text) ?? []
      const factory = name === 'requirePolicy' || name === 'requireStepUp' ? undefined : name
      const create =
        factory && Object.hasOwn(guards, factory) ? guards[factory as 'requireScope'] : undefined
      if (create) return create(...(values?.split(',') ?? []))
      throw new ConfigError(
        `'${text.slice(0, 64)}' is not a guard that --guard supports.`,
        'Write --guard requireScope=orders:read, for example.',
      )
    })
}

/** @throws ConfigError if an argument is not a whole number */
export function wholeNumber(option: string, text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  throw new ConfigError(
    `${option} must be a whole number, got '${text.slice(0, 64)}'.`,
    `Write ${option} 300, for example.`,
  )
}
