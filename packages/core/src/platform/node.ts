import { channel } from 'node:diagnostics_channel'

const decisions = channel('resource-server:decision')

/** Whether anybody subscribed; building a record for nobody costs nothing. */
export function hasSubscribers(): boolean {
  return decisions.hasSubscribers
}

export function publish(record: unknown): void {
  decisions.publish(record)
}
