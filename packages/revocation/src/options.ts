import { ConfigError, type RevocationFeed } from '@resource-server/core'
import {
  choiceOption,
  functionOption,
  kindOf,
  numberOption,
  type OptionTable,
  readOptions,
} from '@resource-server/core/client'
import type { LogoutEvent } from './logout.ts'

/**
 * The options of a list.
 *
 * @example
 * import type { RevocationFeed } from '@resource-server/core'
 * import { createRevocationList } from '@resource-server/revocation'
 *
 * export const listFor = (feed: RevocationFeed) => createRevocationList({ feed, maxEntries: 1_000_000 })
 */
export interface RevocationListOptions {
  /** Distributes revocations to all processes. Default: they are known to this process only. */
  readonly feed?: RevocationFeed
  /** How many revocations are kept, from 1 to 10,000,000. If there are more, `revoke` rejects. Default 100,000. */
  readonly maxEntries?: number
  /**
   * What happens to a valid token if revocations may be missing, because nothing has been read from the feed for ten
   * seconds. `refuse`: 503. `grant`: the token passes, and the decision record has `revocations: 'stale'`. A process
   * that has never read the feed always refuses. Default `refuse`.
   */
  readonly whenStale?: 'refuse' | 'grant'
  /** How long `whenStale: 'grant'` applies, in seconds, from 10 to 3600. Default 300. */
  readonly maxStaleness?: number
}

interface ListSettings {
  readonly feed: RevocationFeed | undefined
  readonly maxEntries: number
  readonly whenStale: 'refuse' | 'grant'
  readonly maxStaleness: number
}

const listOptions: OptionTable<RevocationListOptions, ListSettings> = {
  feed: {
    default: undefined,
    defaultText: 'this process only',
    range: '',
    description: 'Distributes revocations to all processes.',
    read: (value) => {
      const { name, append, read, subscribe } = (value ?? {}) as Partial<RevocationFeed>
      const methods = [append, read, subscribe]
      if (typeof name === 'string' && methods.every((method) => typeof method === 'function')) {
        return value as RevocationFeed
      }
      throw new ConfigError(
        `'feed' must have a name and the methods append(), read(), and subscribe(), got ${kindOf(value)}.`,
        'Pass memoryRevocationFeed() or another implementation of RevocationFeed.',
      )
    },
  },
  maxEntries: numberOption(
    100_000,
    { min: 1, max: 1e7, unit: 'entries', whole: true },
    'Maximum number of revocations.',
  ),
  whenStale: choiceOption<'refuse' | 'grant'>(
    ['refuse', 'grant'],
    'What happens to valid tokens if revocations may be missing.',
  ),
  maxStaleness: numberOption(
    300,
    { min: 10, max: 3600, unit: 'seconds' },
    "How long `whenStale: 'grant'` applies.",
  ),
}

/** @throws ConfigError */
export function readListOptions(given: RevocationListOptions): ListSettings {
  return readOptions(listOptions, given, 'option of a revocation list')
}

/** The options of `backchannelLogout`. */
export interface BackchannelLogoutOptions {
  /**
   * The clients whose users may be signed out here: the accepted values of `aud`. A logout token is issued to the
   * client where the user signed in, not to this API.
   */
  readonly clients: readonly string[]
  /** Called with the result for each request, for your log. An error that it throws is ignored. */
  readonly onLogout?: (event: LogoutEvent) => void
}

interface LogoutSettings {
  readonly clients: readonly string[]
  readonly onLogout: ((event: LogoutEvent) => void) | undefined
}

const logoutOptions: OptionTable<BackchannelLogoutOptions, LogoutSettings> = {
  clients: {
    default: [],
    defaultText: '',
    range: '',
    description: 'The accepted values of `aud` in logout tokens.',
    read: (value) => {
      const isName = (name: unknown): boolean => typeof name === 'string' && name !== ''
      if (Array.isArray(value) && value.length > 0 && value.every(isName)) {
        return Object.freeze([...(value as string[])])
      }
      throw new ConfigError(
        "'clients' must be a non-empty list of client IDs.",
        "Write backchannelLogout({ clients: ['web'] }) with the clients where users sign in.",
      )
    },
  },
  onLogout: functionOption<(event: LogoutEvent) => void, undefined>(
    undefined,
    'none',
    'Called with the result for each request.',
  ),
}

/** @throws ConfigError */
export function readLogoutOptions(given: BackchannelLogoutOptions): LogoutSettings {
  const settings = readOptions(logoutOptions, given, 'option of backchannelLogout')
  // Without the member, its reader did not run.
  return {
    ...settings,
    clients: logoutOptions.clients.read(settings.clients, 'clients', noContext),
  }
}

const noContext = { allowInsecureHttp: false }
