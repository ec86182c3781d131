import { createHmac, createPublicKey } from 'node:crypto'
import { createSigningKey, type SigningKey } from '../keys/signing-keys.ts'
import { sign, signingInput } from './sign.ts'
import type { Draft } from './build-token.ts'
import type { TokenOptions } from './token-options.ts'

/**
 * The classic forgeries. Each takes the options of a token that would be accepted, and gives one
 * that must be refused with 401. `Object.entries(issuer.forge)` makes a table for a loop.
 */
export interface Forge {
  /** `alg: none` and an empty signature: RFC 8725 section 2.1. */
  readonly unsigned: (options: TokenOptions) => string
  /** `alg: HS256`, with the PEM of the issuer's public key as the secret: RFC 8725 section 2.1. */
  readonly hmacWithPublicKey: (options: TokenOptions) => string
  /** The issuer's name and `kid`, but a key that the issuer never published. */
  readonly unknownKey: (options: TokenOptions) => string
  /** Another issuer's name, signed with this issuer's key. */
  readonly wrongIssuer: (options: TokenOptions) => string
  /** Another subject, put in after the token was signed. */
  readonly tampered: (options: TokenOptions) => string
  /** Properly signed, and expired an hour ago. */
  readonly expired: (options: TokenOptions) => string
}

/** What the forger needs of the issuer. */
export interface Mint {
  draft(options: TokenOptions): Draft
  key(): SigningKey
}

export function createForge(mint: Mint): Forge {
  const signed = ({ header, payload }: Draft, key: SigningKey = mint.key()): string =>
    sign(header, payload, key)

  return {
    unsigned(options) {
      const { header, payload } = mint.draft(options)
      return `${signingInput({ ...header, alg: 'none' }, payload)}.`
    },
    hmacWithPublicKey(options) {
      const { header, payload } = mint.draft(options)
      const input = signingInput({ ...header, alg: 'HS256', kid: mint.key().kid }, payload)
      const hmac = createHmac('sha256', publicPem(mint.key())).update(input)
      return `${input}.${hmac.digest('base64url')}`
    },
    unknownKey(options) {
      const { algorithm, kid } = mint.key()
      return signed(mint.draft(options), createSigningKey(algorithm, kid))
    },
    wrongIssuer(options) {
      const { header, payload } = mint.draft(options)
      return signed({ header, payload: { ...payload, iss: 'https://issuer.invalid' } })
    },
    tampered(options) {
      const { header, payload } = mint.draft(options)
      const [protectedHeader, , signature] = signed({ header, payload }).split('.')
      const [, forged] = signingInput({}, { ...payload, sub: 'somebody-else' }).split('.')
      return [protectedHeader, forged, signature].join('.')
    },
    expired: (options) => signed(mint.draft({ ...options, expiresIn: -3600 })),
  }
}

const publicPem = ({ publicJwk }: SigningKey): string =>
  createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
