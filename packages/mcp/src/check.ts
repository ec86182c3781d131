import type { AccessToken } from '@resource-server/core'
import {
  authenticateFor,
  type Guard,
  type GuardResult,
  JsonError,
  parseJsonBody,
  type Reply,
  scopeGuard,
} from '@resource-server/core/adapter'
import { disagreement, type HeaderReader, type McpHeaders, readHeaders } from './headers.ts'
import { type Problem, problem, replyTo } from './json-rpc.ts'
import { type Messages, readMessages } from './messages.ts'
import { announcedScopes, type ScopeRules, scopesOf } from './scopes.ts'
import { ownerOf, type Sessions } from './sessions.ts'

/** What every request is checked against. */
export interface Settings {
  readonly baseScopes: readonly string[]
  readonly rules: ScopeRules
  readonly sessions: Sessions
}

/** One request, as the check sees it. */
export interface Exchange {
  readonly method: string
  readonly header: HeaderReader
  readonly pass: (guard: Guard) => GuardResult | Promise<GuardResult>
  /** The verified token, once a guard has passed. `undefined` for an anonymous request. */
  readonly token: () => AccessToken | undefined
  readonly readBody: () => Promise<Body>
}

/** The body as bytes, a value that other code has parsed, or why there is none. */
export type Body =
  | { readonly bytes: Uint8Array }
  | { readonly parsed: unknown }
  | 'too large'
  | 'disconnected'

/** The maximum size of a body: 4 MiB, as in both versions of the SDK. */
export const maxBodyBytes: number = 4 * 1024 * 1024

/** A request that may reach the MCP server. */
export interface Admission {
  readonly action: 'proceed'
  readonly token: AccessToken | undefined
  /** The body that was checked. The MCP server must use this object, and not parse the bytes again. */
  readonly body: unknown
  /** Remembers the session that the response opens, if the request can open one. */
  readonly opened: ((session: string) => void) | undefined
  /** Forgets the session, if the request asks to end it. Call it once the response says that the session ended. */
  readonly ended: (() => void) | undefined
  /** Whether the response may stay open without an end, so that it must end with the token. */
  readonly isOpenEnded: boolean
}

export type Outcome =
  | Admission
  | Exclude<GuardResult, { readonly action: 'proceed' }>
  | { readonly action: 'disconnected' }

/**
 * Checks one request: the token, the session, the body, and the scopes of the call, in this order. So a caller
 * without a token learns nothing else, and no body is read for it.
 *
 * @param guards run after the token is verified, and before the body is read
 */
export async function check(
  { baseScopes, rules, sessions }: Settings,
  exchange: Exchange,
  guards: (challengeScope: readonly string[]) => readonly Guard[],
): Promise<Outcome> {
  const headers = readHeaders(exchange.header)
  const announced = isProblem(headers) ? [] : announcedScopes(headers, rules)
  const refusal = await firstRefusal(exchange, guards(union(baseScopes, announced)))
  if (refusal) return refusal
  // The gate has let a CORS preflight pass, which has neither a token nor a body. MCP does not use OPTIONS.
  if (exchange.method === 'OPTIONS') return { ...admitted, token: undefined, body: undefined }
  const token = exchange.token()
  const owner = ownerOf(token)
  if (isProblem(headers)) return reply(headers)
  if (headers.session !== undefined && !sessions.belongsTo(headers.session, owner)) {
    return reply(problem('sessionNotFound', 'Session not found', 404))
  }
  const read = await readChecked(exchange, headers)
  if ('action' in read) return read
  const { body, messages } = read
  const needed = scopesOf(messages.list, rules)
  if (isProblem(needed)) return reply(needed, body)
  const scopes = union(baseScopes, needed)
  const lacking = scopes.length > 0 && (await firstRefusal(exchange, [scopeGuard(scopes)]))
  if (lacking) return lacking
  return { ...admitted, token, body, ...sessionOf(exchange, headers, messages, sessions, owner) }
}

/** The first guard of an MCP server: a valid token for it, with the scopes for the challenge if there is none. */
export const authentication = (challengeScope: readonly string[]): Guard =>
  authenticateFor(challengeScope)

const admitted = {
  action: 'proceed',
  opened: undefined,
  ended: undefined,
  isOpenEnded: false,
} as const

const noMessages: Messages = { list: [], isBatch: false }

async function firstRefusal(
  { pass }: Exchange,
  guards: readonly Guard[],
): Promise<Exclude<GuardResult, { readonly action: 'proceed' }> | undefined> {
  for (const guard of guards) {
    // oxlint-disable-next-line no-await-in-loop -- in order: the first guard authenticates
    const result = await pass(guard)
    if (result.action !== 'proceed') return result
  }
  return undefined
}

/** Reads the body of a POST, which is the only method whose body the SDK reads. */
async function readChecked(
  { method, readBody }: Exchange,
  headers: McpHeaders,
): Promise<
  | { readonly body: unknown; readonly messages: Messages }
  | Exclude<Outcome, { readonly action: 'proceed' }>
> {
  if (method !== 'POST') return { body: undefined, messages: noMessages }
  const read = await readBody()
  if (read === 'disconnected') return { action: 'disconnected' }
  const body = parsed(read)
  if (isProblem(body)) return reply(body)
  const messages = readMessages(body.value)
  if (isProblem(messages)) return reply(messages, body.value)
  const mismatch = disagreement(headers, messages)
  return mismatch ? reply(mismatch, body.value) : { body: body.value, messages }
}

function parsed(read: Exclude<Body, 'disconnected'>): { readonly value: unknown } | Problem {
  if (read === 'too large') {
    return problem('tooLarge', `The body must not exceed ${maxBodyBytes} bytes.`, 413)
  }
  if ('parsed' in read) return { value: read.parsed }
  try {
    return { value: parseJsonBody(read.bytes) }
  } catch (error) {
    if (error instanceof JsonError) return problem('parseError', `Parse error: ${error.message}`)
    throw error
  }
}

function sessionOf(
  { method }: Exchange,
  { session }: McpHeaders,
  { list }: Messages,
  sessions: Sessions,
  owner: string,
): Pick<Admission, 'opened' | 'ended' | 'isOpenEnded'> {
  const has = (name: string): boolean => list.some((message) => message.method === name)
  return {
    opened: has('initialize') ? (id) => sessions.open(id, owner) : undefined,
    ended: method === 'DELETE' && session !== undefined ? () => sessions.end(session) : undefined,
    isOpenEnded: method === 'GET' || has('subscriptions/listen'),
  }
}

function reply(
  given: Problem,
  body?: unknown,
): { readonly action: 'reply'; readonly reply: Reply } {
  return { action: 'reply', reply: replyTo(given, body) }
}

function isProblem(value: object): value is Problem {
  return 'status' in value && 'code' in value
}

function union(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())]
}
