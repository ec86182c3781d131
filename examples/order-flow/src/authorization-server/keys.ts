import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

async function newKey(alg: 'RS256' | 'ES256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}

/** Generates one RSA key and one elliptic curve key. Every run of the demo uses new keys. */
export async function newSigningKeys(): Promise<JWK[]> {
  return Promise.all([newKey('RS256'), newKey('ES256')])
}

const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])

/** Returns the JWK without its private members. */
export function publicPart(jwk: JWK): JWK {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.has(name)))
}
