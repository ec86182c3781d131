import { ConfigError, type ResourceServerOptions } from '@resource-server/core'
import {
  checkedScopes,
  readResourceRule,
  readRules,
  type ResourceRule,
  type ScopeRule,
  type ScopeRules,
} from './scopes.ts'

/** The options of an MCP server: those of every resource server, and the scopes of its tools. */
export interface McpOptions extends Omit<ResourceServerOptions, 'resource' | 'credential'> {
  /**
   * The URL that clients connect to, such as `https://mcp.example.com/mcp`. Tokens must have exactly this URL as their
   * audience. To accept other spellings, such as the URL with a trailing slash, list all of them in `audience`.
   */
  readonly resource: string
  /** The scopes that every request requires. Default: none. */
  readonly baseScopes?: readonly string[]
  /**
   * The scopes in the metadata. A client that finds no scopes in a challenge may request all of them, so keep the list
   * small. Default: `baseScopes`.
   */
  readonly scopesSupported?: readonly string[]
  /** The scopes that a tool requires in addition to `baseScopes`, by the name of the tool. */
  readonly tools?: Readonly<Record<string, ScopeRule>>
  /** The scopes that a prompt requires in addition to `baseScopes`, by the name of the prompt. */
  readonly prompts?: Readonly<Record<string, ScopeRule>>
  /**
   * The scopes that a resource requires in addition to `baseScopes`, by URI, or a function of the URI. Also applies to
   * subscriptions.
   */
  readonly resources?: Readonly<Record<string, readonly string[]>> | ResourceRule
  /**
   * Whether to accept a body in `request.body` that other code has parsed. It is checked and passed on unchanged.
   * The limit of 4 MiB and the check for duplicate members are then left to the other parser. Only for Node. Default:
   * false.
   */
  readonly acceptParsedBody?: boolean
}

/** The options of this package, checked. */
export interface McpSettings {
  readonly baseScopes: readonly string[]
  readonly scopesSupported: readonly string[]
  readonly rules: ScopeRules
  readonly acceptParsedBody: boolean
}

type OwnOption = Exclude<keyof McpOptions, keyof ResourceServerOptions>

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'

/** How each option is read. An option without a row is one of the core's, which refuses unknown names. */
const readers = {
  baseScopes: (value) => checkedScopes(value, 'baseScopes'),
  scopesSupported: (value) => checkedScopes(value, 'scopesSupported'),
  tools: (value) => readRules(value, 'tools'),
  prompts: (value) => readRules(value, 'prompts'),
  resources: readResourceRule,
  acceptParsedBody: (value) => {
    if (isBoolean(value)) return value
    throw new ConfigError(
      "'acceptParsedBody' must be true or false.",
      'Leave it out for the default.',
    )
  },
} as const satisfies Record<OwnOption, (value: unknown) => unknown>

type Read = { readonly [Name in OwnOption]?: ReturnType<(typeof readers)[Name]> }

/**
 * Splits the options into those of the core and those of this package.
 *
 * @throws ConfigError for invalid options of this package
 */
export function readMcpOptions(options: McpOptions): {
  readonly core: ResourceServerOptions & { readonly resource: string }
  readonly mcp: McpSettings
} {
  if (typeof options !== 'object' || options === null || typeof options.resource !== 'string') {
    throw new ConfigError(
      "An MCP server requires the option 'resource'.",
      "Set it to the URL that clients connect to, such as 'https://mcp.example.com/mcp'.",
    )
  }
  if (Object.hasOwn(options, 'credential')) {
    throw new ConfigError(
      "'credential' is not available for MCP: its clients send tokens in Authorization.",
      'Leave it out.',
    )
  }
  const isOwn = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(readers, name)
  const entries = Object.entries(options)
  const others = Object.fromEntries(entries.filter((entry) => !isOwn(entry)))
  const read = Object.fromEntries(
    entries.filter(isOwn).map(([name, value]) => [name, readers[name as OwnOption](value)]),
  ) as Read
  const { baseScopes = [] } = read
  return {
    core: { audience: options.resource, ...others } as ReturnType<typeof readMcpOptions>['core'],
    mcp: {
      baseScopes,
      scopesSupported: read.scopesSupported ?? baseScopes,
      rules: {
        tools: read.tools ?? new Map(),
        prompts: read.prompts ?? new Map(),
        resources: read.resources ?? (() => []),
      },
      acceptParsedBody: read.acceptParsedBody ?? false,
    },
  }
}
