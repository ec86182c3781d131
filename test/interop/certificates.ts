import { X509Certificate } from 'node:crypto'
import { certificateOf } from '../security/fixtures/certificate.ts'
import { keyOf } from '../security/fixtures/keys.ts'

/** A self-signed certificate with its key. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly der: Buffer
  /** Its `x5t#S256`. */
  readonly thumbprint: string
  /** The same hash in hexadecimal. */
  readonly hash: string
}

export function certificate(name: string): Certificate {
  const pair = keyOf('ES256', 'P-256', name)
  const cert = certificateOf(pair)
  const { raw: der, fingerprint256 } = new X509Certificate(cert)
  const hash = fingerprint256.replaceAll(':', '')
  return {
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert,
    der,
    thumbprint: Buffer.from(hash, 'hex').toString('base64url'),
    hash,
  }
}
