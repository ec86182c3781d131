import { ConfigError } from '../errors/refusal.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { type OptionTable, readOptions } from '../options/option-table.ts'
import { choiceOption, numberOption } from '../options/option-rows.ts'
import type { DpopOptions } from '../options/options.ts'
import type { ReplayStore } from '../options/replay-store.ts'
import { algorithmList } from './read-option.ts'

/** How DPoP proofs are verified. */
export interface DpopSettings {
  readonly mode: 'allowed' | 'required'
  readonly algorithms: readonly Algorithm[]
  /** In seconds. */
  readonly maxAge: number
  readonly maxProofs: number
  /** `undefined`: proofs are kept in memory. */
  readonly store: ReplayStore | undefined
  /** `undefined`: proofs need no nonce. */
  readonly nonceSecrets: readonly Uint8Array[] | undefined
}

const defaultProofAlgorithms: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256', 'PS256']

/** The options of `dpop`. */
export const dpopOptions: OptionTable<
  DpopOptions,
  Omit<DpopSettings, 'nonceSecrets'> & {
    readonly nonceSecret: readonly Uint8Array[] | undefined
  }
> = {
  mode: choiceOption<'allowed' | 'required'>(
    ['allowed', 'required'],
    "`'required'` refuses tokens that are not bound to a key with DPoP.",
  ),
  algorithms: {
    default: defaultProofAlgorithms,
    defaultText: defaultProofAlgorithms.map((name) => `\`${name}\``).join(', '),
    range: '',
    description: 'Signature algorithms accepted for proofs.',
    read: (value) => algorithmList(value, 'dpop.algorithms'),
  },
  maxAge: numberOption(
    60,
    { min: 1, max: 300, unit: 'seconds' },
    'Maximum age of a proof. Does not apply if nonces are in use.',
  ),
  maxProofs: numberOption(
    100_000,
    { min: 2, max: 1e7, unit: 'proofs', whole: true },
    'Maximum number of used proofs that are kept in memory. At most half of them can come from one key.',
  ),
  store: {
    default: undefined,
    defaultText: 'in memory',
    range: '',
    description: 'Remembers used proofs. Required if several instances serve the same clients.',
    read: (value) => {
      const { consume, since } = (value ?? {}) as Partial<ReplayStore>
      if (typeof consume !== 'function') {
        throw new ConfigError(
          "'dpop.store' must have the method consume().",
          'Add it, or leave store out.',
        )
      }
      if (since !== undefined && !Number.isFinite(since)) {
        throw new ConfigError(
          "'dpop.store.since' must be a time in milliseconds.",
          'Set it to the time at which the store was empty, in milliseconds since the epoch.',
        )
      }
      return value as ReplayStore
    },
  },
  nonceSecret: {
    default: undefined,
    defaultText: 'no nonces',
    range: 'at least 32 characters',
    description:
      'Requires a nonce in each proof. Use the same secret on all instances. With a list, new nonces are issued with the first secret, and nonces from all of them are accepted.',
    read: readNonceSecret,
  },
}

function readNonceSecret(value: unknown): readonly Uint8Array[] {
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value]
  const isSecret = (secret: unknown): secret is string =>
    typeof secret === 'string' && secret.length >= 32
  if (secrets.length > 0 && secrets.every(isSecret)) {
    const encoder = new TextEncoder()
    return Object.freeze(secrets.map((secret) => encoder.encode(secret)))
  }
  throw new ConfigError(
    "'dpop.nonceSecret' must be a string of at least 32 characters, or a list of them.",
    'Generate one: openssl rand -base64 32.',
  )
}

/** `undefined` turns DPoP off. */
export function readDpop(value: unknown): DpopSettings | undefined {
  if (value === 'off') return undefined
  if (typeof value === 'string' && value !== 'allowed' && value !== 'required') {
    throw new ConfigError(
      "'dpop' must be 'allowed', 'required', 'off', or an object.",
      "Set dpop: 'required', or dpop: { mode: 'required', maxAge: 60 }.",
    )
  }
  const given = typeof value === 'string' ? { mode: value } : value
  const { nonceSecret, ...settings } = readOptions(dpopOptions, given, 'dpop option')
  return Object.freeze({ ...settings, nonceSecrets: nonceSecret })
}
