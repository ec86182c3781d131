import { createHmac, createPublicKey } from 'node:crypto'
import { createSigningKey, type SigningKey } from '../keys/signing-keys.ts'
import type { UnsignedToken } from './build-token.ts'
import { sign, signingInput } from './sign.ts'
import type { TokenOptions } from './token-options.ts'

/**
 * Common invalid tokens. Each function accepts the options of a valid token and returns a token that
 * must be refused with 401. Use `Object.entries(issuer.forge)` to test them in a loop.
 */
export interface Forgeries {
  /** `alg: none` and an empty signature: RFC 8725 section 2.1. */
  readonly unsigned: (options: TokenOptions) => string
  /** `alg: HS256`, with the PEM of the issuer's public key as the secret: RFC 8725 section 2.1. */
  readonly hmacWithPublicKey: (options: TokenOptions) => string
  /** The issuer's name and `kid`, but signed with a key that the issuer never published. */
  readonly unknownKey: (options: TokenOptions) => string
  /** Another issuer's name, signed with this issuer's key. */
  readonly wrongIssuer: (options: TokenOptions) => string
  /** The subject was replaced after signing. */
  readonly tampered: (options: TokenOptions) => string
  /** Correctly signed, but expired an hour ago. */
  readonly expired: (options: TokenOptions) => string
}

interface TokenSource {
  readonly build: (options: TokenOptions) => UnsignedToken
  readonly currentKey: () => SigningKey
}

export function createForgeries({ build, currentKey }: TokenSource): Forgeries {
  const signed = ({ header, payload }: UnsignedToken, key: SigningKey = currentKey()): string =>
    sign(header, payload, key)

  return {
    unsigned(options) {
      const { header, payload } = build(options)
      return `${signingInput({ ...header, alg: 'none' }, payload)}.`
    },
    hmacWithPublicKey(options) {
      const { header, payload } = build(options)
      const input = signingInput({ ...header, alg: 'HS256', kid: currentKey().kid }, payload)
      const hmac = createHmac('sha256', publicPem(currentKey())).update(input)
      return `${input}.${hmac.digest('base64url')}`
    },
    unknownKey(options) {
      const { algorithm, kid } = currentKey()
      return signed(build(options), createSigningKey(algorithm, kid))
    },
    wrongIssuer(options) {
      const { header, payload } = build(options)
      return signed({ header, payload: { ...payload, iss: 'https://issuer.invalid' } })
    },
    tampered(options) {
      const { header, payload } = build(options)
      const [protectedHeader, , signature] = signed({ header, payload }).split('.')
      const [, tampered] = signingInput({}, { ...payload, sub: 'somebody-else' }).split('.')
      return [protectedHeader, tampered, signature].join('.')
    },
    expired: (options) => signed(build({ ...options, expiresIn: -3600 })),
  }
}

const publicPem = ({ publicJwk }: SigningKey): string =>
  createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
