import { webcrypto } from 'node:crypto'
import type { SigningKey } from '@resource-server/testing'

/** The private key of an ES256 key pair, for WebCrypto. */
export function privateKeyOf({ privateJwk }: SigningKey): Promise<webcrypto.CryptoKey> {
  const { alg: _, use: _use, kid: _kid, ...jwk } = privateJwk
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
}
