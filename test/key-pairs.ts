import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

const asPem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** The arguments of `generateKeyPairSync`: a type of key, and its size or curve. */
export type Kind =
  | readonly ['rsa', { readonly modulusLength: number }]
  | readonly ['ec', { readonly namedCurve: string }]
  | readonly ['ed25519' | 'ed448']

/**
 * Generates a key pair as PEM and parses it. On Node 20, exporting a key that still belongs to its
 * generation job can deadlock if a garbage collection runs during the export.
 */
export function newKeyPair(kind: Kind): { publicKey: KeyObject; privateKey: KeyObject } {
  // Node's types do not express that both are strings.
  const { publicKey, privateKey } = pairOf(kind) as { publicKey: string; privateKey: string }
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

function pairOf(kind: Kind): unknown {
  if (kind[0] === 'rsa') return generateKeyPairSync('rsa', { ...kind[1], ...asPem })
  if (kind[0] === 'ec') return generateKeyPairSync('ec', { ...kind[1], ...asPem })
  return kind[0] === 'ed25519'
    ? generateKeyPairSync('ed25519', asPem)
    : generateKeyPairSync('ed448', asPem)
}
