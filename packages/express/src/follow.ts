import type { ServerResponse } from 'node:http'
import { type Passage, sendNode } from '@resource-server/core/adapter'

/** Does what the gate said; nothing is decided here. */
export function follow(
  passage: Passage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (passage.then === 'proceed') return next()
  if (passage.then === 'throw') return next(passage.error)
  sendNode(passage.reply, response)
}
