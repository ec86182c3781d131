import { ConfigError } from '@resource-server/core'
import type { Finding } from '../terminal.ts'
import { failed, inTime, passed } from './finding.ts'

/** The part of a hop of `@resource-server/exchange` that is used here. */
interface Hop {
  readonly checkClient: () => Promise<
    { readonly ok: true } | { readonly ok: false; readonly reason: string }
  >
}

/**
 * The hops in the export `hops` of a configuration: an object of them by name.
 *
 * @throws ConfigError if a member is not a hop
 */
export function readHops(given: unknown): Readonly<Record<string, Hop>> {
  const hops = Object.entries(given ?? {})
  const wrong = hops.find(([, hop]) => !isHop(hop))
  if (!wrong) return Object.fromEntries(hops) as Record<string, Hop>
  throw new ConfigError(
    `'hops.${wrong[0].slice(0, 64)}' is not a hop.`,
    'Export the results of nextHop() by name: export const hops = { inventory }.',
  )
}

function isHop(value: unknown): value is Hop {
  return typeof (value as Partial<Hop> | undefined)?.checkClient === 'function'
}

/** Asks the authorization server of each hop whether it accepts the client. */
export async function examineHops(
  hops: Readonly<Record<string, Hop>>,
): Promise<readonly Finding[]> {
  return Promise.all(
    Object.entries(hops).map(async ([name, hop]) => {
      const check = `hop ${name}`
      try {
        const result = await inTime(hop.checkClient())
        return result.ok
          ? passed(check, 'the authorization server accepts the client')
          : failed(check, result.reason)
      } catch (error) {
        return failed(check, error instanceof Error ? error.message : 'unknown error')
      }
    }),
  )
}
