// Each verifier is set up to do the same: the signature under a known key set, one allowed algorithm,
// `iss`, `aud` and `exp`. What a peer cannot check it is not asked to. What only ours checks (canonical
// base64url, duplicate members, the shape of every claim, the actor chain) it does, and pays for.
import { hash } from 'node:crypto'
import { JwtVerifier } from 'aws-jwt-verify'
import { createVerifier as createFastJwt } from 'fast-jwt'
import { verify as honoVerify } from 'hono/jwt'
import { createLocalJWKSet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createVerifier } from '../../packages/core/dist/index.js'
import { audience, issuer } from './tokens.mjs'

/** @typedef {import('./tokens.mjs').Signer} Signer */
/** @typedef {(token: string) => unknown} Verify throws or rejects for a token that is not good */

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

/** What a peer does not support. */
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

/** The least that finding a token by its digest can cost. @type {Verify} */
export const digestOnly = (token) => hash('sha256', token, 'base64')
