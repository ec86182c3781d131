import { type Reply, sendNode } from '@resource-server/core/adapter'
import type { KoaContext } from './context.ts'

/** Through Koa, so that the middleware around this one sees the answer; nothing is decided here. */
export function answer(context: KoaContext, reply: Reply): void {
  // Somebody took Koa's hands off the response, or has begun to answer.
  if (context.respond === false || context.headerSent) return sendNode(reply, context.res)
  context.status = reply.status
  // Before the body: to a body without a Content-Type Koa gives one.
  context.set({ ...reply.headers })
  context.body = reply.body
}
