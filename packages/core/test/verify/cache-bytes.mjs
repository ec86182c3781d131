// Caches many tokens of one shape. Prints how much the heap grew and how much the cache counted, for each token.
import { generateKeyPairSync, sign } from 'node:crypto'
import { createVerifier } from '@resource-server/core'

const many = (/** @type {number} */ count, /** @type {(at: number) => unknown} */ make) =>
  Array.from({ length: count }, (_, at) => make(at))
const named = (/** @type {number} */ count, /** @type {(at: number) => string} */ name) =>
  Object.fromEntries(many(count, (at) => [name(at), at]))

/** @type {Record<string, (token: number) => object>} */
const shapes = {
  'a usual token': () => ({ scope: 'orders:read orders:write', realm_access: { roles: ['user'] } }),
  'a token with actors': (token) => ({
    act: { sub: `a-${token}`, client_id: 'a', act: { sub: 'b', act: { sub: `c-${token}` } } },
  }),
  '1800 empty objects': () => ({ x: many(1800, () => ({})) }),
  '1800 empty lists': () => ({ x: many(1800, () => []) }),
  'deep lists': () => ({ x: many(200, () => [[[[[[[[]]]]]]]]) }),
  'objects with the same names': () => ({ x: many(300, (at) => ({ a: at, b: 1 })) }),
  'objects with different names': (token) => ({
    x: many(250, (at) => ({ [`${token}-${at}`]: 1 })),
  }),
  'claims with different names': (token) => named(100, (at) => `${token}-${at}`),
  'names like small indexes': () => ({ x: many(400, () => ({ 33: 1 })) }),
  'names like large indexes': () => ({ x: named(400, (at) => String(at * 1000)) }),
  fractions: () => ({ x: many(1200, (at) => at + 0.5) }),
  'short strings': (token) => ({ x: many(500, (at) => `${token}-${at}`) }),
  'a long string': () => ({ x: 'x'.repeat(5000) }),
  'a long string of wide characters': () => ({ x: 'Ж'.repeat(2500) }),
  'many scopes': (token) => ({ scope: many(500, (at) => `${token}-${at}`).join(' ') }),
  'many audiences': (token) => ({ aud: ['order-service', ...many(400, (at) => `${token}-${at}`)] }),
}

const issuer = 'https://as.example.com'
const audience = 'order-service'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }
const encode = (/** @type {object} */ value) =>
  Buffer.from(JSON.stringify(value)).toString('base64url')

/** @param {object} claims */
function tokenWith(claims) {
  const iat = Math.floor(Date.now() / 1000)
  const common = { iss: issuer, sub: 'user', aud: audience, iat, exp: iat + 3600 }
  const input = `${encode({ alg: 'ES256', typ: 'at+jwt' })}.${encode({ ...common, ...claims })}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${signature.toString('base64url')}`
}

/** Keeps the caches in memory. */
const verifiers = []
/** Each token has its own number, because V8 stores short strings once. */
let created = 0

/**
 * @param {(token: number) => object} shape
 * @param {number} count
 */
async function measure(shape, count) {
  const verifier = createVerifier({
    issuer,
    audience,
    jwks,
    maxTokenBytes: 65_536,
    cache: { maxBytes: 2 ** 30 },
  })
  verifiers.push(verifier)
  const fill = async (/** @type {number} */ tokens) => {
    for (let at = 0; at < tokens; at += 1) {
      const token = tokenWith(shape((created += 1)))
      for (let use = 0; use < 2; use += 1) await verifier.verify(token)
    }
  }
  await fill(5)
  const before = await state(verifier)
  await fill(count)
  const after = await state(verifier)
  return {
    kept: (after.tokens - before.tokens) / count,
    heap: Math.round((after.heap - before.heap) / count),
    counted: Math.round((after.bytes - before.bytes) / count),
  }
}

/** @param {import('@resource-server/core').Verifier} verifier */
async function state(verifier) {
  // Node keeps the last awaited value for a few turns of the event loop.
  for (let at = 0; at < 5; at += 1) await new Promise((resolve) => setImmediate(resolve))
  for (let at = 0; at < 2; at += 1) globalThis.gc?.()
  const { tokens = 0, bytes = 0 } = verifier.health().cache ?? {}
  return { heap: process.memoryUsage().heapUsed, tokens, bytes }
}

// The first measurements include what V8 allocates while it compiles.
for (const shape of Object.values(shapes)) await measure(shape, 5)
/** @type {Record<string, object>} */
const results = {}
for (const [name, shape] of Object.entries(shapes)) {
  results[name] = await measure(shape, name.startsWith('a ') ? 1000 : 100)
}
process.stdout.write(JSON.stringify(results))
