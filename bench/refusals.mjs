// (g) What a refusal costs: as a result and as an error, with one and with many issuers.
import { randomBytes } from 'node:crypto'
import { createVerifier } from '../packages/core/dist/index.js'
import { median, race } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

/** @param {{ rounds: number, batch: number, issuers: readonly number[] }} size */
export async function measureRefusals({ rounds, batch, issuers }) {
  const signer = createSigner('ES256')
  const tokens = refusedTokens(signer)
  const rows = []
  for (const [name, token] of Object.entries(tokens)) {
    const contenders = issuers.flatMap((count) => {
      const verifier = verifierFor(signer, count)
      const { check, verify } = verifier
      return [
        { name: `check ${count}`, make: async () => () => check(token) },
        { name: `verify ${count}`, make: async () => () => verify(token).catch(ignore) },
      ]
    })
    const costs = await race(contenders, { rounds, batch, inFlight: 1 })
    const of = (/** @type {string} */ contender) =>
      (costs.get(contender) ?? []).map(({ cpu }) => cpu)
    const [first = 1] = issuers
    const checked = of(`check ${first}`)
    const thrown = of(`verify ${first}`).map((cpu, round) => cpu - (checked[round] ?? NaN))
    /** @type {Record<string, number>} */
    const byIssuers = Object.fromEntries(
      issuers.map((count) => [`check${count}`, median(of(`check ${count}`))]),
    )
    rows.push({ name, ...byIssuers, thrown: median(thrown) })
  }
  return rows
}

const ignore = () => {}

/** @type {(signer: import('./lib/tokens.mjs').Signer, count: number) => import('@resource-server/core').Verifier} */
function verifierFor({ jwk }, count) {
  const names = Array.from({ length: count }, (_, at) => (at === 0 ? issuer : `${issuer}/${at}`))
  return createVerifier({
    audience,
    algorithms: ['ES256'],
    issuers: names.map((name) => ({ issuer: name, jwks: { keys: [jwk] } })),
    log: 'off',
  })
}

/** @type {(signer: import('./lib/tokens.mjs').Signer) => Record<string, string>} */
function refusedTokens(signer) {
  const part = (/** @type {number} */ bytes) => randomBytes(bytes).toString('base64url')
  const [header = ''] = signer.token().split('.')
  return {
    'not a token': 'x'.repeat(700),
    'three random segments': `${part(40)}.${part(300)}.${part(64)}`,
    'a real header and two random segments': `${header}.${part(300)}.${part(64)}`,
    'from an unknown issuer': signer.token({ iss: 'https://elsewhere.example.com' }),
    'expired (with the signature check)': signer.token({ iat: 1, exp: 2 }),
  }
}
