import { randomUUID } from 'node:crypto'
import type { Algorithm } from '@resource-server/core'
import {
  checkOptions,
  nonEmptyString,
  object,
  offset,
  oneOf,
  type Rules,
  signingKey,
} from '../check-options.ts'
import { algorithmNames } from '../keys/algorithms.ts'
import { createSigningKey, type JsonObject, type SigningKey } from '../keys/signing-keys.ts'
import type { TestClock } from '../test-clock.ts'
import { sign } from './sign.ts'
import { sha256, thumbprintOf } from './thumbprint.ts'
import type { TokenOptions } from './token-options.ts'

/** The request that a proof is for. */
export interface ProofOptions {
  /** The access token that the request carries. */
  readonly token: string
  /** Default `GET`. */
  readonly method?: string
  /** The URL that the client requests, such as `https://api.example/orders`. */
  readonly url: string
  /** The nonce from the `DPoP-Nonce` header of an earlier response. */
  readonly nonce?: string
  /** When the proof is made, in seconds from now. Default 0. */
  readonly issuedIn?: number
  /** Added to the claims. A claim that is `undefined` is omitted. */
  readonly claims?: JsonObject
  /** Added to the header. A parameter that is `undefined` is omitted. */
  readonly header?: JsonObject
}

/** How to create a client. */
export interface DpopClientOptions {
  /** The algorithm of a new key. Default `ES256`. */
  readonly algorithm?: Algorithm
  /** The key, such as one that was stored. Default: a new key. */
  readonly key?: SigningKey
}

/** A client with a key of its own, for tokens that are bound with DPoP (RFC 9449). */
export interface DpopClient {
  /** The thumbprint of the key (RFC 7638). */
  readonly jkt: string
  readonly key: SigningKey
  /** Creates an access token that is bound to the key of this client. */
  token(options: TokenOptions): string
  /** Signs a proof. Each proof has a `jti` of its own, so it can be used once. */
  proof(options: ProofOptions): string
  /** The headers of a request: the token with the scheme `DPoP`, and a new proof. */
  headers(options: ProofOptions): { readonly authorization: string; readonly dpop: string }
}

const rules: Rules<ProofOptions> = {
  token: nonEmptyString,
  method: nonEmptyString,
  url: nonEmptyString,
  nonce: nonEmptyString,
  issuedIn: offset,
  claims: object,
  header: object,
}

interface Context {
  readonly clock: TestClock
  readonly token: (options: TokenOptions) => string
}

const clientRules: Rules<DpopClientOptions> = { algorithm: oneOf(algorithmNames), key: signingKey }

export function createDpopClient(given: DpopClientOptions, { clock, token }: Context): DpopClient {
  checkOptions('dpopClient', given, clientRules)
  const { algorithm = 'ES256', key = createSigningKey(algorithm, 'dpop-key') } = given
  const { kid: _, use: _use, alg, ...members } = key.publicJwk
  // The algorithm is part of a key of this type (RFC 9964 section 3).
  const jwk = members['kty'] === 'AKP' ? { ...members, alg } : members
  const jkt = thumbprintOf(jwk)
  const proof = (options: ProofOptions): string => {
    checkOptions('proof', options, rules)
    const { method = 'GET', url, nonce, issuedIn = 0, claims, header } = options
    const payload = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(clock.now() / 1000) + issuedIn,
      ath: sha256(options.token),
      ...(nonce !== undefined && { nonce }),
      ...claims,
    }
    return sign({ typ: 'dpop+jwt', jwk, kid: undefined, ...header }, payload, key)
  }
  return {
    jkt,
    key,
    token: (options) =>
      token({ ...options, claims: { cnf: { jkt }, ...(options.claims as JsonObject) } }),
    proof,
    headers: (options) => ({ authorization: `DPoP ${options.token}`, dpop: proof(options) }),
  }
}
