import type { ServerResponse } from 'node:http'
import type { Passage } from '@resource-server/core/adapter'

/** Does what the gate said; nothing is decided here. */
export function follow(
  passage: Passage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (passage.then === 'proceed') return next()
  if (passage.then === 'throw') return next(passage.error)
  // Somebody has begun to answer already: all that is left is not to go on.
  if (response.headersSent) return void response.destroy()
  const { status, headers, body } = passage.reply
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
