import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

const asText = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const

/** What `generateKeyPairSync` takes: a kind of key, and its size or curve. */
export type Kind =
  | readonly ['rsa', { readonly modulusLength: number }]
  | readonly ['ec', { readonly namedCurve: string }]
  | readonly ['ed25519' | 'ed448']

/**
 * A key pair, made as text and read again. On Node 20 a key that still belongs to the job which made it
 * can stop the process for good, where a garbage collection comes while it is exported.
 */
export function newKeyPair(kind: Kind): { publicKey: KeyObject; privateKey: KeyObject } {
  // Node's types do not tell that the pair is two texts.
  const { publicKey, privateKey } = pairOf(kind) as { publicKey: string; privateKey: string }
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

function pairOf(kind: Kind): unknown {
  if (kind[0] === 'rsa') return generateKeyPairSync('rsa', { ...kind[1], ...asText })
  if (kind[0] === 'ec') return generateKeyPairSync('ec', { ...kind[1], ...asText })
  return kind[0] === 'ed25519'
    ? generateKeyPairSync('ed25519', asText)
    : generateKeyPairSync('ed448', asText)
}
