// Each verifier is configured to check the same: the signature with a known key set, one allowed algorithm,
// `iss`, `aud` and `exp`, as far as the peer supports it. Our verifier also runs checks that the peers do not
// have (canonical base64url, duplicate members, the type of every claim, the actor chain), and their cost is
// included.
import { hash } from 'node:crypto'
import { JwtVerifier } from 'aws-jwt-verify'
import { createVerifier as createFastJwt } from 'fast-jwt'
import { verify as honoVerify } from 'hono/jwt'
import { createLocalJWKSet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createVerifier } from '../../packages/core/dist/index.js'
import { before, beforeName } from './contenders.mjs'
import { audience, issuer } from './tokens.mjs'

/** @typedef {import('./tokens.mjs').Signer} Signer */
/** @typedef {(token: string) => unknown} Verify throws or rejects for an invalid token */

/** @type {Record<string, (signer: Signer) => Verify>} */
export const verifiers = {
  ours: (signer) => createVerifier(optionsFor(signer)).verify,
  'ours, no cache': (signer) => createVerifier({ ...optionsFor(signer), cache: false }).verify,
  'ours, WebCrypto': (signer) =>
    createVerifier({ ...optionsFor(signer), cache: false, cryptography: 'webcrypto' }).verify,
  jose: ({ jwk, algorithm }) => {
    const keys = createLocalJWKSet({ keys: [jwk] })
    return (token) => jwtVerify(token, keys, { issuer, audience, algorithms: [algorithm] })
  },
  'fast-jwt': (signer) => createFastJwt({ ...fastJwt(signer), cache: false }),
  'fast-jwt, cache': (signer) => createFastJwt({ ...fastJwt(signer), cache: 10_000 }),
  jsonwebtoken: ({ publicKey, algorithm }) => {
    const options = /** @type {any} */ ({ issuer, audience, algorithms: [algorithm] })
    return (token) => jsonwebtoken.verify(token, publicKey, options)
  },
  'aws-jwt-verify': ({ jwk }) => {
    const jwksUri = `${issuer}/jwks`
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri })
    verifier.cacheJwks(/** @type {any} */ ({ keys: [jwk] }))
    return (token) => verifier.verifySync(token)
  },
  'hono/jwt': ({ jwk, algorithm }) => {
    const options = /** @type {any} */ ({ alg: algorithm, iss: issuer, aud: audience })
    return (token) => honoVerify(token, jwk, options)
  },
}

if (before) {
  const { createVerifier: create } = await import(
    new URL('packages/core/dist/index.js', before).href
  )
  verifiers[beforeName] = (signer) => create(optionsFor(signer)).verify
}

/** Algorithms that a peer does not support. */
export const unsupported = new Set([
  'jsonwebtoken EdDSA',
  'jsonwebtoken PS256 key',
  'aws-jwt-verify PS256',
])

/** @type {(signer: Signer) => import('@resource-server/core').VerifierOptions} */
function optionsFor({ jwk, algorithm }) {
  return { issuer, audience, algorithms: [/** @type {any} */ (algorithm)], jwks: { keys: [jwk] } }
}

/** @type {(signer: Signer) => any} */
function fastJwt({ pem, algorithm }) {
  return { key: pem, algorithms: [algorithm], allowedIss: issuer, allowedAud: audience }
}

/**
 * The minimum cost of finding a token by its digest.
 *
 * @type {Verify}
 */
export const digestOnly = (token) => hash('sha256', token, 'base64')
