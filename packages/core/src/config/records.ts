import { ConfigError } from '../errors/refusal.ts'

/** The length of the hash: RFC 2104 section 3. */
const minKeyBytes = 32

export function readPseudonymKey(value: unknown): Uint8Array {
  const key = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (key instanceof Uint8Array && key.length >= minKeyBytes) return Uint8Array.from(key)
  throw new ConfigError(
    `'records.pseudonymKey' must be a key of at least ${minKeyBytes} bytes.`,
    'Generate one with openssl rand -base64 32, and load it from where you keep secrets.',
  )
}

export function readClaimNames(value: unknown): readonly string[] {
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigError(
      "'records.claims' must be an array of claim names.",
      "Set claims: ['tenant'].",
    )
  }
  if (value.includes('act')) {
    throw new ConfigError(
      "'records.claims' must not contain 'act'.",
      "Remove it: every record has the actors in 'chain'.",
    )
  }
  return Object.freeze([...value]) as readonly string[]
}
