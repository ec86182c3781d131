import type { Reply } from '@resource-server/core/adapter'

/** The error codes of JSON-RPC and of MCP that this package sends. */
export const errorCodes = {
  parseError: -32_700,
  invalidRequest: -32_600,
  invalidParams: -32_602,
  /** MCP 2026-07-28: the headers and the body disagree. */
  headerMismatch: -32_020,
  sessionNotFound: -32_001,
  tooLarge: -32_000,
} as const

/** A request that is answered with a JSON-RPC error, and never reaches the MCP server. */
export interface Problem {
  readonly status: 400 | 404 | 413
  readonly code: number
  /** For the caller. It contains nothing about the token or other callers. */
  readonly message: string
}

export function problem(
  code: keyof typeof errorCodes,
  message: string,
  status: Problem['status'] = 400,
): Problem {
  return { status, code: errorCodes[code], message }
}

/** @param body the parsed body, whose `id` the reply repeats if it is one request */
export function replyTo({ status, code, message }: Problem, body: unknown): Reply {
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      // The rest of the body is not read.
      ...(status === 413 && { Connection: 'close' }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: idOf(body) }),
  }
}

function idOf(body: unknown): string | number | null {
  const id = isObject(body) && Object.hasOwn(body, 'id') ? body['id'] : null
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

/** A JSON object. Read it with `own`, because `Object.prototype` may be polluted. */
export type JsonObject = { readonly [name: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member that is an object, or an empty object. */
export function ownObject(object: JsonObject, name: string): JsonObject {
  const value = own(object, name)
  return isObject(value) ? value : {}
}

export function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
