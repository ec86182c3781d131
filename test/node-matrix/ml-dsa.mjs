// ML-DSA (RFC 9964): access tokens and proofs where the runtime supports it, a ConfigError elsewhere.
import assert from 'node:assert/strict'
import { createHash, webcrypto } from 'node:crypto'
import { createVerifier, ConfigError } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'

const algorithms = /** @type {const} */ (['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])
const url = 'https://api.example/orders'

export async function checkMlDsa() {
  const hasMlDsa = Number(process.versions.node.split('.')[0]) >= 24
  for (const algorithm of algorithms) {
    if (hasMlDsa) await accepts(algorithm)
    else await refuses(algorithm)
  }
  if (hasMlDsa) await acceptsKeyOfRfc()
}

/** @param {typeof algorithms[number]} algorithm */
async function accepts(algorithm) {
  const issuer = await createTestIssuer({ algorithm })
  const { verifier, orderToken } = setupFor(issuer, algorithm)
  assert.equal((await verifier.verify(orderToken)).subject, 'user-42')
  await assert.rejects(verifier.verify(issuer.forge.unknownKey({ aud: 'order-service' })))

  const client = issuer.dpopClient({ algorithm })
  const token = client.token({ aud: 'order-service' })
  const proof = client.proof({ token, url })
  const { confirmation } = await verifier.verify(token, { dpop: { proof, method: 'GET', url } })
  assert.equal(confirmation?.jkt, client.jkt)
  // Another key of the same type
  const other = issuer.dpopClient({ algorithm }).proof({ token, url })
  const result = await verifier.check(token, { dpop: { proof: other, method: 'GET', url } })
  assert.equal(!result.ok && result.code, 'binding_mismatch')
  await issuer.close()
}

/** @param {typeof algorithms[number]} algorithm */
async function refuses(algorithm) {
  const issuer = 'https://as.example'
  for (const options of [{ algorithms: [algorithm] }, { dpop: { algorithms: [algorithm] } }]) {
    assert.throws(
      () => createVerifier({ issuer, audience: 'order-service', ...options }),
      ConfigError,
    )
  }
  await assert.rejects(createTestIssuer({ algorithm }), /need Node.js 24.7 or newer/)
}

/**
 * The example key of RFC 9964 section 3, whose seed is all zeros, and its thumbprint. The proof is signed with
 * WebCrypto.
 */
async function acceptsKeyOfRfc() {
  const thumbprint = 'T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o'
  const subtle = /** @type {any} */ (webcrypto.subtle)
  const key = await subtle.importKey('raw-seed', new Uint8Array(32), 'ML-DSA-44', true, ['sign'])
  const { kty, alg, pub } = await subtle.exportKey('jwk', key)
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  const { verifier } = setupFor(issuer, 'ML-DSA-44')
  const token = issuer.token({ aud: 'order-service', claims: { cnf: { jkt: thumbprint } } })
  const encode = (/** @type {object} */ part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url')
  const ath = createHash('sha256').update(token).digest('base64url')
  const claims = { jti: 'j', htm: 'GET', htu: url, iat: issuer.clock.now() / 1000, ath }
  const input = `${encode({ typ: 'dpop+jwt', alg, jwk: { kty, alg, pub } })}.${encode(claims)}`
  const signature = Buffer.from(await subtle.sign('ML-DSA-44', key, Buffer.from(input)))
  const proof = `${input}.${signature.toString('base64url')}`
  await verifier.verify(token, { dpop: { proof, method: 'GET', url } })
  await issuer.close()
}

/**
 * @param {Awaited<ReturnType<typeof createTestIssuer>>} issuer
 * @param {typeof algorithms[number]} algorithm
 */
function setupFor(issuer, algorithm) {
  const verifier = createVerifier({
    issuer: issuer.url,
    audience: 'order-service',
    algorithms: ['ES256', algorithm],
    dpop: { algorithms: [algorithm] },
    clock: issuer.clock,
  })
  return { verifier, orderToken: issuer.token({ aud: 'order-service' }) }
}
