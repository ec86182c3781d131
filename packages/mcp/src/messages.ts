import { isObject, type JsonObject, own, ownObject, type Problem, problem } from './json-rpc.ts'

/** One JSON-RPC message: a request, a notification, or, without `method`, a response. */
export interface Message {
  readonly method: string | undefined
  readonly isRequest: boolean
  readonly params: JsonObject
}

/** All messages of a body, and whether they were sent as a list. */
export interface Messages {
  readonly list: readonly Message[]
  readonly isBatch: boolean
}

/** Both versions of the SDK have the same limit. */
const maxBatch = 100

/** Reads a parsed body. It is not changed, so the MCP server gets exactly what was checked. */
export function readMessages(body: unknown): Messages | Problem {
  const isBatch = Array.isArray(body)
  const items = isBatch ? (body as readonly unknown[]) : [body]
  if (items.length === 0 || items.length > maxBatch) {
    return problem('invalidRequest', `A batch must have 1 to ${maxBatch} messages.`)
  }
  if (!items.every(isObject)) {
    return problem('invalidRequest', 'The body must be a JSON-RPC message, which is an object.')
  }
  const list = items.map(readMessage)
  return list.every((message) => message !== undefined)
    ? { list, isBatch }
    : problem('invalidRequest', "'method' must be a string.")
}

function readMessage(item: JsonObject): Message | undefined {
  const method = own(item, 'method')
  if (method !== undefined && typeof method !== 'string') return undefined
  const isRequest = method !== undefined && own(item, 'id') !== undefined
  return { method, isRequest, params: ownObject(item, 'params') }
}
