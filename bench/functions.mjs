// (a) One verification, without HTTP.
import { beforeName, signatureOnly } from './lib/contenders.mjs'
import { race, summarize } from './lib/measure.mjs'
import { algorithms, createSigner } from './lib/tokens.mjs'
import { digestOnly, unsupported, verifiers } from './lib/verifiers.mjs'

/** @typedef {import('./lib/tokens.mjs').Signer} Signer */

const digest = 'SHA-256 alone'

/** @param {{ rounds: number, batch: number, warmBatch: number, warmUp?: number, only?: readonly string[], inFlights?: readonly number[], contenders?: readonly string[] }} size */
export async function measureFunctions({
  rounds,
  batch,
  warmBatch,
  warmUp = 0,
  only = algorithms,
  inFlights = [1, 64],
  contenders,
}) {
  /** @type {(all: readonly import('./lib/measure.mjs').Contender[]) => import('./lib/measure.mjs').Contender[]} */
  const selected = (all) =>
    all.filter(({ name }) => name === digest || !contenders || contenders.includes(name))
  const tables = []
  for (const algorithm of only) {
    const signer = createSigner(algorithm)
    const tokens = Array.from({ length: batch }, () => signer.token())
    for (const inFlight of inFlights) {
      const cold = await race(selected(coldContenders(signer, tokens)), {
        rounds,
        batch,
        inFlight,
        warmUp,
      })
      tables.push({ algorithm, state: 'cold', inFlight, rows: summarize(cold, signatureOnly) })
      const warm = await race(selected(warmContenders(signer, tokens.slice(0, 100))), {
        rounds,
        inFlight,
        batch: warmBatch,
      })
      tables.push({ algorithm, state: 'warm', inFlight, rows: summarize(warm, digest) })
    }
  }
  return tables
}

/** Each token is verified for the first time, by a new instance in each round that has used its key once. */
export function coldContenders(
  /** @type {Signer} */ signer,
  /** @type {readonly string[]} */ tokens,
) {
  const raw = tokens.map((token) => signer.raw(token))
  return [
    {
      name: signatureOnly,
      make: async () => (/** @type {number} */ at) => mustBe(raw[at % raw.length]?.()),
    },
    ...named(
      signer,
      [
        'ours',
        beforeName,
        'ours, WebCrypto',
        'fast-jwt',
        'jsonwebtoken',
        'aws-jwt-verify',
        'jose',
        'hono/jwt',
      ],
      tokens,
    ),
  ]
}

/** The same hundred tokens are verified repeatedly. */
function warmContenders(/** @type {Signer} */ signer, /** @type {readonly string[]} */ tokens) {
  const alone = (/** @type {number} */ at) => digestOnly(fresh(tokens, at))
  return [
    { name: digest, make: async () => alone },
    ...named(signer, ['ours', beforeName, 'fast-jwt, cache'], tokens, true),
  ]
}

/** @type {(signer: Signer, names: readonly string[], tokens: readonly string[], warm?: boolean) => import('./lib/measure.mjs').Contender[]} */
function named(signer, names, tokens, warm = false) {
  return names
    .filter((name) => name in verifiers)
    .filter((name) => !unsupported.has(`${name} ${signer.algorithm}`))
    .map((name) => ({
      name,
      make: async () => {
        const verify = verifiers[name]?.(signer) ?? fail(name)
        await verify(signer.token())
        if (!warm) return (at) => verify(tokens[at % tokens.length] ?? '')
        // Our cache stores a token when it is verified for the second time.
        for (const token of [...tokens, ...tokens]) await verify(token)
        return (at) => verify(fresh(tokens, at))
      },
    }))
}

/**
 * Returns a string that was never hashed, like one from a socket. V8 stores the hash of a string with the
 * string, so reusing a string would make a map keyed by the token look faster than it is.
 *
 * @type {(tokens: readonly string[], at: number) => string}
 */
function fresh(tokens, at) {
  return Buffer.from(tokens[at % tokens.length] ?? '', 'latin1').latin1Slice()
}

/** @type {(valid: boolean | undefined) => void} */
function mustBe(valid) {
  if (!valid) throw new Error('a valid signature was refused')
}

/** @type {(name: string) => never} */
function fail(name) {
  throw new Error(`unknown verifier: ${name}`)
}
