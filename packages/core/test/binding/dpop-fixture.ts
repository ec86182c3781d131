import { createHash, type KeyObject, sign } from 'node:crypto'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import type { ProofContext } from '../../src/binding/proof.ts'
import type { Presentation } from '../../src/binding/presentation.ts'
import { normalizeUri } from '../../src/lib/uri.ts'

type Json = Readonly<Record<string, unknown>>

/** A key pair of a client. */
export interface ClientKey {
  readonly alg: string
  readonly jwk: Json
  readonly privateKey: KeyObject
}

const kinds = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  EdDSA: ['ed25519'],
} as const

export function clientKey(alg: keyof typeof kinds = 'ES256'): ClientKey {
  const { publicKey, privateKey } = newKeyPair(kinds[alg])
  return { alg, jwk: { ...publicKey.export({ format: 'jwk' }) }, privateKey }
}

export const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('base64url')

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** What to change in a valid proof. */
export interface ProofSpec {
  readonly header?: Json
  readonly claims?: Json
  readonly payload?: string
  /** The key that signs, if it is not the one in the header. */
  readonly signWith?: ClientKey
}

export const token = 'header.payload.signature'
export const now = 1_700_000_000
export const url = 'https://api.example/orders'

let count = 0

/** Signs a proof. Members that are `undefined` are omitted. */
export function signProof(key: ClientKey, spec: ProofSpec = {}): string {
  const header = { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...spec.header }
  const claims = {
    jti: `jti-${(count += 1)}`,
    htm: 'GET',
    htu: url,
    iat: now,
    ath: sha256(token),
    ...spec.claims,
  }
  const input = `${encode(header)}.${encode(spec.payload ?? claims)}`
  const { alg, privateKey } = spec.signWith ?? key
  const options = alg.startsWith('PS')
    ? { key: privateKey, padding: 6, saltLength: 32 }
    : { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  return `${input}.${sign(hash, Buffer.from(input), options).toString('base64url')}`
}

/** The context in which a valid proof is accepted. */
export function contextOf(proof: unknown, changes: Partial<ProofContext> = {}): ProofContext {
  return {
    headers: [proof],
    method: 'GET',
    targets: [normalizeUri(url)!],
    token,
    now,
    clockTolerance: 5,
    settings: {
      algorithms: ['ES256', 'EdDSA', 'RS256', 'PS256'],
      maxAge: 60,
      nonceSecrets: undefined,
    },
    cryptography: 'native',
    ...changes,
  }
}

/** A request with these headers. */
export function presentationOf(
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  changes: Partial<Presentation> = {},
): Presentation {
  return {
    scheme: 'DPoP',
    method: 'GET',
    url: '/orders',
    header: (name) => (name in headers ? [headers[name]].flat() : []),
    ...changes,
  }
}
