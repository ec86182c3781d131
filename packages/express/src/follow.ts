import type { ServerResponse } from 'node:http'
import { type GuardResult, sendNode } from '@resource-server/core/adapter'

/** Does what the gate said; nothing is decided here. */
export function follow(
  result: GuardResult,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (result.action === 'proceed') return next()
  if (result.action === 'throw') return next(result.error)
  sendNode(result.reply, response)
}
