import { constants, type KeyObject, sign } from 'node:crypto'
import { newKeyPair } from '../key-pairs.ts'

/** Members of a JWK or of a claims set, unchecked. */
export type Json = Readonly<Record<string, unknown>>

/** A key pair, ready to sign with, whatever a header says. */
export interface Key {
  readonly alg: string
  readonly kid: string
  /** As a key set shows it: `kid`, `alg` and `use` included. */
  readonly jwk: Json
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const pss = (data: Uint8Array, key: KeyObject, hash: string, saltLength: number): Buffer =>
  sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })

const ec = (data: Uint8Array, key: KeyObject, hash: string): Buffer =>
  sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })

/** RFC 7518 section 3.1, RFC 8037 section 3.1, and SHA-1 for what must not work. */
const signers: Readonly<Record<string, (data: Uint8Array, key: KeyObject) => Buffer>> = {
  RS1: (data, key) => sign('sha1', data, key),
  RS256: (data, key) => sign('sha256', data, key),
  RS384: (data, key) => sign('sha384', data, key),
  RS512: (data, key) => sign('sha512', data, key),
  PS256: (data, key) => pss(data, key, 'sha256', 32),
  PS384: (data, key) => pss(data, key, 'sha384', 48),
  PS512: (data, key) => pss(data, key, 'sha512', 64),
  ES256: (data, key) => ec(data, key, 'sha256'),
  ES384: (data, key) => ec(data, key, 'sha384'),
  ES512: (data, key) => ec(data, key, 'sha512'),
  EdDSA: (data, key) => sign(null, data, key),
}

export function signWith(alg: string, data: string | Uint8Array, key: KeyObject): Buffer {
  return signers[alg]!(Buffer.from(data), key)
}

export function pssWithSalt(data: string, key: KeyObject, saltLength: number): Buffer {
  return pss(Buffer.from(data), key, 'sha256', saltLength)
}

const pairs: Readonly<Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  RSA: () => newKeyPair(['rsa', { modulusLength: 2048 }]),
  'RSA-1024': () => newKeyPair(['rsa', { modulusLength: 1024 }]),
  'RSA-4096': () => newKeyPair(['rsa', { modulusLength: 4096 }]),
  'P-256': () => newKeyPair(['ec', { namedCurve: 'P-256' }]),
  'P-384': () => newKeyPair(['ec', { namedCurve: 'P-384' }]),
  'P-521': () => newKeyPair(['ec', { namedCurve: 'P-521' }]),
  Ed25519: () => newKeyPair(['ed25519']),
  Ed448: () => newKeyPair(['ed448']),
}

const made = new Map<string, Key>()

/** The same key for the same words; a `kid` alone makes another one. Made when first asked for. */
export function keyOf(alg: string, kind: string, kid: string = `${alg}-key`): Key {
  const name = [alg, kind, kid].join(' ')
  const known = made.get(name)
  if (known) return known
  const { publicKey, privateKey } = pairs[kind]!()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  const fresh = { alg, kid, jwk, privateKey, publicKey }
  made.set(name, fresh)
  return fresh
}

export const keys = {
  es256: (): Key => keyOf('ES256', 'P-256'),
  es384: (): Key => keyOf('ES384', 'P-384'),
  es512: (): Key => keyOf('ES512', 'P-521'),
  rs256: (): Key => keyOf('RS256', 'RSA'),
  ps256: (): Key => keyOf('PS256', 'RSA'),
  eddsa: (): Key => keyOf('EdDSA', 'Ed25519'),
  /** Whoever attacks calls the key by the issuer's name. */
  attacker: (): Key => ({ ...keyOf('ES256', 'P-256', 'attacker'), kid: 'ES256-key' }),
  attackerRsa: (): Key => ({ ...keyOf('RS256', 'RSA', 'attacker'), kid: 'RS256-key' }),
}

export function privateJwk({ privateKey }: Key): Json {
  return { ...privateKey.export({ format: 'jwk' }) }
}
