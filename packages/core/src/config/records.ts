import * as check from './read-option.ts'
import { ConfigError } from '../errors/refusal.ts'

/** `RecordOptions` with every default filled in. */
export interface RecordPolicy {
  readonly pseudonymKey: Uint8Array | undefined
  readonly claims: readonly string[]
  readonly maxPending: number
}

type Options = Readonly<Record<string, unknown>>

/** As many bytes as the hash has: RFC 2104 section 3. */
const minKeyBytes = 32

/** @throws ConfigError */
export function recordPolicy(options: Options): RecordPolicy {
  const given = Object.hasOwn(options, 'records') ? check.record(options['records'], 'records') : {}
  check.names(given, ['pseudonymKey', 'claims', 'maxPending'], 'option of records')
  return Object.freeze({
    pseudonymKey: pseudonymKey(given),
    claims: claims(given),
    maxPending:
      check.number(given, 'maxPending', { min: 1, max: 1e5, unit: 'records', whole: true }) ?? 1000,
  })
}

function pseudonymKey(options: Options): Uint8Array | undefined {
  if (!Object.hasOwn(options, 'pseudonymKey')) return undefined
  const value = options['pseudonymKey']
  const key = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (key instanceof Uint8Array && key.length >= minKeyBytes) return Uint8Array.from(key)
  throw new ConfigError(
    `'pseudonymKey' is not a key of ${minKeyBytes} bytes or more.`,
    'Give random bytes, or a string of them, from where your secrets are.',
  )
}

function claims(options: Options): readonly string[] {
  if (!Object.hasOwn(options, 'claims')) return []
  const names = options['claims']
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigError("'claims' is not a list of names.", "Write claims: ['tenant'].")
  }
  if (names.includes('act'))
    throw new ConfigError("'claims' names act.", "Leave it out: every record has it as 'chain'.")
  return Object.freeze([...names])
}
