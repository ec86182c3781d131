import { randomUUID } from 'node:crypto'
import type { KeyStore, ReplayStore, ResourceServerOptions } from '@resource-server/core'
import { nameAndCodeOf } from '@resource-server/core/client'
import type { Finding } from '../terminal.ts'
import { failed, inTime, passed } from './finding.ts'

/** The only name that is written, so that doctor leaves at most one entry. */
const probe = 'resource-server-doctor'

/** Examines the stores of the options, such as those of `@resource-server/redis`. Uses each of them once. */
export async function examineStores(options: ResourceServerOptions): Promise<readonly Finding[]> {
  const { keyStore, dpop } = options
  const replay = typeof dpop === 'object' ? dpop.store : undefined
  const checks = [
    ...(keyStore
      ? [examine('key store', 'returns what it stores', () => useKeyStore(keyStore.store))]
      : []),
    ...(replay
      ? [examine('replay store', 'accepts a proof only once', () => useReplayStore(replay))]
      : []),
  ]
  return Promise.all(checks)
}

/** @param use resolves to what is wrong, or `undefined` */
async function examine(
  check: string,
  good: string,
  use: () => Promise<string | undefined>,
): Promise<Finding> {
  try {
    const wrong = await inTime(use())
    return wrong === undefined ? passed(check, good) : failed(check, wrong)
  } catch (error) {
    return failed(check, describe(error), fixes[codeOf(error) ?? ''])
  }
}

/** Errors of clients can contain the URL and the password, so only our own are shown whole. */
function describe(error: unknown): string {
  const isOurs = error instanceof Error && ['RedisStoreError', 'LateError'].includes(error.name)
  return isOurs ? error.message : `the store failed: ${nameAndCodeOf(error)}`
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

const unreachable = 'Check the Redis URL, and await client.connect() before the options are used.'

/** What to do about the codes of `RedisStoreError`. */
const fixes: Readonly<Record<string, string>> = {
  DISCONNECTED: unreachable,
  ECONNREFUSED: unreachable,
  ENOTFOUND: unreachable,
  TIMEOUT: 'Check the load on Redis and the network, or raise timeout in redisStores().',
  NOT_RESPONDING: 'Check whether Redis is frozen or overloaded.',
  NOAUTH: 'Redis requires a password: put it in the URL of the client.',
  WRONGPASS: 'Redis refuses the user or the password: check the URL of the client.',
  NOPERM: 'Allow the Redis user to run get, set, del, eval, and evalsha on keys with the prefix.',
  READONLY: 'The client is connected to a replica: connect it to the primary.',
  OOM: 'Redis is full: raise maxmemory.',
  MISCONF: 'Redis cannot save to disk: see its log.',
}

async function useKeyStore(store: KeyStore): Promise<string | undefined> {
  const value = randomUUID()
  await store.set(probe, value)
  return difference(await store.get(probe), value)
}

function difference(found: unknown, expected: string): string | undefined {
  if (found === expected) return undefined
  return found === undefined || found === null
    ? 'it does not return a value that was just stored'
    : 'it returns a different value from the one that was just stored'
}

/** A proof that nothing else uses. RFC 9449 section 11.1: accepted once. */
async function useReplayStore(store: ReplayStore): Promise<string | undefined> {
  const now = Date.now()
  const proof = { id: randomUUID(), jkt: probe, expiresAt: now + 10_000, now }
  const results: unknown[] = [await store.consume(proof), await store.consume(proof)]
  if (results[0] === true && results[1] === false) return undefined
  return `it answers ${results.map(String).join(' and ')} for a new proof and its copy, expected true and false`
}
