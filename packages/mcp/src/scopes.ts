import { ConfigError } from '@resource-server/core'
import { isScopeToken } from '@resource-server/core/adapter'
import type { McpHeaders } from './headers.ts'
import type { Message } from './messages.ts'
import { isObject, type JsonObject, own, ownObject, type Problem, problem } from './json-rpc.ts'

/**
 * The scopes that a call requires in addition to `baseScopes`: a list, or a function of the arguments of the call.
 * The arguments come from the caller and are not validated.
 */
export type ScopeRule = readonly string[] | ((args: JsonObject) => readonly string[])

/** The rules, by name. A name without a rule requires only `baseScopes`. */
export interface ScopeRules {
  readonly tools: ReadonlyMap<string, ScopeRule>
  readonly prompts: ReadonlyMap<string, ScopeRule>
  readonly resources: ResourceRule
}

/** The scopes that reading a resource requires, by its URI. */
export type ResourceRule = (uri: string) => readonly string[]

type Kind = keyof ScopeRules

/** Something that a message uses. */
interface Use {
  readonly kind: Kind
  /** The name of the tool or prompt, or the URI of the resource, as the message has it. */
  readonly name: unknown
  readonly args: JsonObject
}

/** Where each method names what it uses. Other methods require only `baseScopes`. */
const uses: Readonly<Record<string, (params: JsonObject) => readonly Use[]>> = {
  'tools/call': (params) => [named('tools', params, 'name')],
  'prompts/get': (params) => [named('prompts', params, 'name')],
  'resources/read': (params) => [named('resources', params, 'uri')],
  'resources/subscribe': (params) => [named('resources', params, 'uri')],
  'resources/unsubscribe': (params) => [named('resources', params, 'uri')],
  'completion/complete': (params) => completed(ownObject(params, 'ref')),
  'subscriptions/listen': (params) => subscribed(ownObject(params, 'notifications')),
}

function named(kind: Kind, params: JsonObject, member: 'name' | 'uri'): Use {
  return { kind, name: own(params, member), args: ownObject(params, 'arguments') }
}

/** A completion reveals values of the prompt or resource that it is for. */
function completed(ref: JsonObject): readonly Use[] {
  return own(ref, 'type') === 'ref/prompt'
    ? [named('prompts', ref, 'name')]
    : [named('resources', ref, 'uri')]
}

function subscribed(filter: JsonObject): readonly Use[] {
  const uris = own(filter, 'resourceSubscriptions')
  const list: readonly unknown[] = Array.isArray(uris) ? uris : []
  return list.map((name) => ({ kind: 'resources', name, args: {} }))
}

/** The scopes that all messages of a body require together, without `baseScopes`. */
export function scopesOf(
  messages: readonly Message[],
  rules: ScopeRules,
): readonly string[] | Problem {
  const used = messages.flatMap(({ method, params }) => usesOf(method)?.(params) ?? [])
  if (!used.every(({ name }) => typeof name === 'string')) {
    return problem('invalidParams', 'The name or URI of the call must be a string.')
  }
  return used.flatMap(({ kind, name, args }) => required(rules, kind, name as string, args))
}

function usesOf(method: string | undefined): ((params: JsonObject) => readonly Use[]) | undefined {
  return method !== undefined && Object.hasOwn(uses, method) ? uses[method] : undefined
}

function required(
  rules: ScopeRules,
  kind: Kind,
  name: string,
  args: JsonObject,
): readonly string[] {
  if (kind === 'resources') return checkedScopes(rules.resources(name), 'resources')
  const rule = rules[kind].get(name) ?? []
  return typeof rule === 'function' ? checkedScopes(rule(args), kind) : rule
}

/**
 * The scopes that the headers announce, for the challenge to a client without a token, so that it gets all scopes of
 * its call at once. The body is not read before the token is verified. Functions of arguments are left out.
 */
export function announcedScopes(
  { method, name }: McpHeaders,
  { tools, prompts, resources }: ScopeRules,
): readonly string[] {
  if (name === undefined) return []
  if (method === 'resources/read') return checkedScopes(resources(name), 'resources')
  const rule = method === 'tools/call' ? tools.get(name) : undefined
  const other = method === 'prompts/get' ? prompts.get(name) : undefined
  const found = rule ?? other ?? []
  return typeof found === 'function' ? [] : found
}

/** @throws ConfigError if the value is not a list of scopes */
export function checkedScopes(value: unknown, option: string): readonly string[] {
  if (!Array.isArray(value) || !value.every(isScopeToken)) {
    throw new ConfigError(
      `'${option}' must give a list of scopes: printable ASCII without spaces, quotes, or backslashes (RFC 6749 section 3.3).`,
      "Write ['orders:write']. A function must return such a list, not a promise.",
    )
  }
  if (!value.includes('offline_access')) return [...new Set(value)]
  throw new ConfigError(
    `'${option}' contains offline_access, which is not a scope of a resource.`,
    'Leave it out. A client that wants a refresh token requests it on its own.',
  )
}

/** @throws ConfigError if the value is not an object of rules */
export function readRules(value: unknown, option: string): ReadonlyMap<string, ScopeRule> {
  if (!isObject(value)) {
    throw new ConfigError(
      `'${option}' must be an object.`,
      `Write ${option}: { 'orders.cancel': ['orders:write'] }.`,
    )
  }
  // A map, because a caller may ask for a tool named like a member of Object.prototype.
  const entries = Object.entries(value).map(([name, rule]): [string, ScopeRule] => [
    name,
    typeof rule === 'function' ? (rule as ScopeRule) : checkedScopes(rule, option),
  ])
  return new Map(entries)
}

/** @throws ConfigError if the value is neither a function nor an object of lists */
export function readResourceRule(value: unknown): ResourceRule {
  if (typeof value === 'function') return value as ResourceRule
  const rules = readRules(value, 'resources')
  const isList = (rule: ScopeRule): rule is readonly string[] => typeof rule !== 'function'
  if (![...rules.values()].every(isList)) {
    throw new ConfigError(
      "'resources' must have lists of scopes, or be a function of the URI.",
      "Write resources: (uri) => uri.startsWith('file:') ? ['files:read'] : [].",
    )
  }
  return (uri) => (rules.get(uri) ?? []) as readonly string[]
}
