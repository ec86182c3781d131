import { createHmac } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportSPKI } from 'jose'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The claims of a valid token with `alg: none` and no signature (RFC 8725 section 2.1). */
export function unsigned(token: string): string {
  return `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(decodeJwt(token))}.`
}

/**
 * The claims of a valid token, signed with the server's public key as if it were an HMAC secret. A
 * verifier that lets the token choose the algorithm accepts this forgery (RFC 8725 section 2.1).
 */
export async function signedWithPublicKey(token: string, issuer: string): Promise<string> {
  const { kid } = decodeProtectedHeader(token)
  const pem = await publicRsaKey(issuer)
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(decodeJwt(token))}`
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
}

/** The issuer's public RSA key as PEM, the usual format in configuration files. */
export async function publicRsaKey(issuer: string): Promise<string> {
  const metadata = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { jwks_uri: jwksUri } = (await metadata.json()) as { jwks_uri: string }
  const keySet = createRemoteJWKSet(new URL(jwksUri))
  return exportSPKI(await keySet({ alg: 'RS256' }))
}
