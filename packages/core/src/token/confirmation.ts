import { type Refusal, refuse } from '../errors/refusal.ts'
import { isJsonObject, own } from '../lib/json.ts'
import { decodeBase64url } from '#platform'

/** What a token is bound to: the members of `cnf` (RFC 7800 section 3.1) that can be checked. */
export interface TokenConfirmation {
  /** The thumbprint of the client's key (RFC 9449 section 6.1). */
  readonly jkt?: string
  /** The SHA-256 of the client's certificate (RFC 8705 section 3.1). */
  readonly 'x5t#S256'?: string
}

const known = ['jkt', 'x5t#S256'] as const

/**
 * Reads `cnf`. Every known member must be well-formed, and at least one must be known: a token that is bound in an
 * unknown way cannot be accepted.
 */
export function readConfirmation(cnf: unknown): TokenConfirmation | Refusal {
  if (!isJsonObject(cnf)) return refuse('claim_malformed', 'cnf is not an object', { claim: 'cnf' })
  const present = known.filter((name) => Object.hasOwn(cnf, name))
  if (present.length === 0) {
    return refuse(
      'binding_unsupported',
      'cnf has neither jkt nor x5t#S256, so it cannot be checked',
      { claim: 'cnf' },
    )
  }
  const malformed = present.find((name) => !isThumbprint(own(cnf, name)))
  if (malformed)
    return refuse('claim_malformed', `cnf.${malformed} is not a SHA-256 hash in base64url`, {
      claim: 'cnf',
    })
  return Object.freeze(Object.fromEntries(present.map((name) => [name, own(cnf, name)])))
}

/** Whether `cnf` has members that cannot be checked, in addition to those that were. */
export function hasUnknownMembers(cnf: unknown): boolean {
  const isKnown = (name: string): boolean => known.some((one) => one === name)
  // Keycloak adds this to each token that it binds with DPoP.
  const isDescription = (name: string, value: unknown): boolean =>
    name === 'kc-jkt-type' && value === 'DPoP'
  if (!isJsonObject(cnf)) return false
  return Object.entries(cnf).some(([name, value]) => !isKnown(name) && !isDescription(name, value))
}

/** 32 bytes in canonical base64url without padding. */
function isThumbprint(value: unknown): boolean {
  return typeof value === 'string' && value.length === 43 && decodeBase64url(value) !== undefined
}
