import { createHmac } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportSPKI } from 'jose'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The claims of a good token, and nobody's signature (RFC 8725 section 2.1). */
export function unsigned(token: string): string {
  return `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(decodeJwt(token))}.`
}

/**
 * The claims of a good token, "signed" with the server's public key as if it were a shared secret. A
 * verifier that lets the token choose the algorithm takes it (RFC 8725 section 2.1).
 */
export async function signedWithPublicKey(token: string, issuer: string): Promise<string> {
  const { kid } = decodeProtectedHeader(token)
  const pem = await publicRsaKey(issuer)
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(decodeJwt(token))}`
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
}

/** As PEM, which is how such a key lies about in configurations. */
export async function publicRsaKey(issuer: string): Promise<string> {
  const metadata = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { jwks_uri: address } = (await metadata.json()) as { jwks_uri: string }
  const keySet = createRemoteJWKSet(new URL(address))
  return exportSPKI(await keySet({ alg: 'RS256' }))
}
