import { ConfigError } from '@resource-server/core'

/** The options of `redisStores`. */
export interface RedisStoresOptions {
  /**
   * The start of every key. Default: `'resource-server:'`. All instances of a service need the same prefix.
   * Services can share a prefix.
   */
  readonly prefix?: string
  /**
   * How long to wait for Redis, in milliseconds: a whole number from 10 to 900. Default: 500. Core waits
   * one second for a store.
   */
  readonly timeout?: number
}

const defaults = { prefix: 'resource-server:', timeout: 500 }

/** @throws ConfigError */
export function readOptions(
  call: string,
  options: RedisStoresOptions,
): Required<RedisStoresOptions> {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(defaults, name))
  if (unknown !== undefined) {
    throw new ConfigError(
      `${call}() has no option '${unknown}'.`,
      'Its options are prefix and timeout.',
    )
  }
  const { prefix = defaults.prefix, timeout = defaults.timeout } = options
  if (typeof prefix !== 'string') {
    throw new ConfigError("'prefix' must be a string.", "Pass a string such as 'orders:'.")
  }
  if (!Number.isInteger(timeout) || timeout < 10 || timeout > 900) {
    throw new ConfigError(
      "'timeout' must be a whole number from 10 to 900.",
      'Pass a number of milliseconds.',
    )
  }
  return { prefix, timeout }
}
