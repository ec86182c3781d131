import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Reply, sendNode } from '@resource-server/core/adapter'

/** The part of Fastify's reply that a guard uses. */
export interface GuardedReply {
  readonly raw: ServerResponse
  code(status: number): unknown
  headers(headers: Record<string, string>): unknown
  send(body: unknown): unknown
}

/** The part of Fastify's request that a guard uses. */
interface GuardedRequest {
  readonly raw: IncomingMessage
  readonly originalUrl: string
  readonly routeOptions: { readonly url?: string | undefined }
}

/**
 * A hook, for `onRequest` of a route or `addHook`. It asks nothing of the route's types, so that
 * those of its schemas stay what they are.
 */
export type FastifyGuard = (request: GuardedRequest, reply: GuardedReply) => Promise<unknown>

/** Through Fastify, so that its hooks and its log see the answer; nothing is decided here. */
export function answer(reply: GuardedReply, { status, headers, body }: Reply): unknown {
  if (reply.raw.headersSent) sendNode({ status, headers, body }, reply.raw)
  else {
    reply.code(status)
    reply.headers({ ...headers })
    // Bytes, because to JSON text Fastify gives a charset, which this media type does not have.
    reply.send(Buffer.from(body))
  }
  // Fastify waits for the reply that a hook returns. Else it would go on to the handler.
  return reply
}
