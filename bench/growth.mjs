// (c) How memory and latency grow with the number of tokens, and how the cost depends on the number of
// issuers, the number of actors, the size of the token, and the kind of refusal.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createVerifier } from '../packages/core/dist/index.js'
import { signatureOnly } from './lib/contenders.mjs'
import { cost, median, race, summarize } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

const memoryChild = fileURLToPath(new URL('lib/memory-child.mjs', import.meta.url))
const algorithms = /** @type {const} */ (['ES256'])

/** @param {{ tokens: number, rounds: number, batch: number, issuers: number }} size */
export async function measureGrowth({ tokens, rounds, batch, issuers }) {
  return {
    once: byTokens(tokens, 1),
    tokens: byTokens(tokens, 3),
    issuers: await byIssuers(issuers, batch),
    depth: await byClaims(rounds, batch, depths),
    size: await byClaims(rounds, batch, sizes),
    refusals: await byRefusal(rounds, batch),
  }
}

/**
 * Verifies distinct valid tokens in a process of its own: each once, and each three times. A token is cached at
 * the second use, so three uses are the worst case of a flood. The last use is measured.
 *
 * @param {number} most
 * @param {number} uses
 */
function byTokens(most, uses) {
  const args = ['--expose-gc', memoryChild, JSON.stringify({ most, uses })]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

/**
 * All issuers have the same key, so only the issuer lookup differs.
 *
 * @param {number} most
 * @param {number} batch
 */
async function byIssuers(most, batch) {
  const signer = createSigner('ES256')
  const rows = []
  for (let count = 1; count <= most; count *= 10) {
    const names = Array.from({ length: count }, (_, at) => `https://as.example.com/realms/${at}`)
    const { verify } = createVerifier({
      audience,
      algorithms: [...algorithms],
      cache: false,
      issuers: names.map((name) => ({ issuer: name, jwks: { keys: [signer.jwk] } })),
    })
    const tokens = Array.from({ length: 200 }, (_, at) =>
      signer.token({ iss: names[(at * 7) % count] }),
    )
    for (const token of tokens) await verify(token)
    /** @type {number[]} */
    const measured = []
    for (let round = 0; round < 3; round += 1) {
      const { cpu } = await cost(async () => {
        for (let at = 0; at < batch; at += 1) await verify(tokens[at % tokens.length] ?? '')
      }, batch)
      measured.push(cpu)
    }
    rows.push({ count, cpu: median(measured) })
  }
  return rows
}

/** @typedef {ReturnType<typeof createSigner>} Signer */

/** @type {Record<string, object>} */
const depths = Object.fromEntries(
  [0, 1, 2, 4, 8].map((depth) => [`${depth} actors`, { act: chain(depth) }]),
)
/** @type {Record<string, object>} */
const sizes = Object.fromEntries(
  [0, 500, 1500, 3500, 5500].map((more) => [`${more} extra bytes`, { padding: 'x'.repeat(more) }]),
)

/** @type {(depth: number) => object | undefined} */
function chain(depth) {
  if (depth === 0) return undefined
  return { sub: `service-${depth}`, client_id: `service-${depth}`, act: chain(depth - 1) }
}

/** @param {number} rounds @param {number} batch @param {Record<string, object>} variants */
async function byClaims(rounds, batch, variants) {
  const signer = createSigner('ES256')
  const raw = signer.raw(signer.token())
  const contenders = Object.entries(variants).map(([name, claims]) => ({
    name: `${name} (${signer.token(claims).length} bytes)`,
    make: async () => {
      const { verify } = createVerifier({ ...optionsFor(signer), cache: false })
      const token = signer.token(claims)
      await verify(token)
      return () => verify(token)
    },
  }))
  const all = [{ name: signatureOnly, make: async () => raw }, ...contenders]
  return summarize(await race(all, { rounds, batch, inFlight: 1 }), signatureOnly)
}

/**
 * A refusal must not cost more than a grant.
 *
 * @param {number} rounds
 * @param {number} batch
 */
async function byRefusal(rounds, batch) {
  const signer = createSigner('ES256')
  const unknownSigner = createSigner('ES256')
  const token = signer.token()
  const [header = '', payload = ''] = token.split('.')
  /** @type {Record<string, string>} */
  const tokens = {
    granted: token,
    'forged: signed with an unknown key': unknownSigner.token(),
    'forged: changed payload': `${header}.${payload.slice(0, -2)}AA.${token.split('.')[2]}`,
    expired: signer.token({ iat: 1, exp: 2 }),
    'for another service': signer.token({ aud: 'another-service' }),
    'from an unknown issuer': signer.token({ iss: 'https://elsewhere.example.com' }),
    'not a token': 'x'.repeat(700),
    '8 KiB of dots': '.'.repeat(8000),
    'too large': 'x'.repeat(100_000),
  }
  const contenders = Object.entries(tokens).map(([name, value]) => ({
    name,
    make: async () => {
      const { check } = createVerifier({ ...optionsFor(signer), cache: false })
      await check(token)
      return () => check(value)
    },
  }))
  return summarize(await race(contenders, { rounds, batch, inFlight: 1 }), 'granted')
}

/** @param {Signer} signer */
function optionsFor({ jwk }) {
  return { issuer, audience, algorithms: [...algorithms], jwks: { keys: [jwk] } }
}
