// (f) A request with a token that is bound with DPoP, and its proof, without the HTTP server.
import { createGate } from '@resource-server/core/adapter'
import { median, race } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

/** @typedef {{ token: string, proof: string | undefined }} Credentials */
/** @typedef {ReturnType<typeof createSigner>} Signer */

const origin = 'https://api.example.com'
const alone = 'two signatures alone'
const contenders = {
  bearer: 'bearer token',
  known: 'token and proof',
  cached: 'cached token and proof',
  newKey: 'token and proof, new key',
}

/** @param {{ rounds: number, batch: number, only?: readonly string[] }} size */
export async function measureProofs({ rounds, batch, only = ['ES256', 'EdDSA', 'RS256'] }) {
  const tables = []
  for (const algorithm of only) {
    const signer = createSigner(algorithm)
    const client = createSigner('ES256', 'client')
    const costs = await race(contendersFor(signer, client, batch), { rounds, batch, inFlight: 1 })
    const base = costs.get(alone) ?? []
    const rows = [...costs].map(([name, measured]) => ({
      name,
      cpu: median(measured.map(({ cpu }) => cpu)),
      wall: median(measured.map(({ wall }) => wall)),
      above: median(measured.map(({ cpu }, round) => cpu - (base[round]?.cpu ?? NaN))),
    }))
    tables.push({ algorithm, rows })
  }
  return tables
}

/** @type {(signer: Signer, client: Signer, batch: number) => import('./lib/measure.mjs').Contender[]} */
function contendersFor(signer, client, batch) {
  const bind = (/** @type {Signer} */ by) => signer.token({ cnf: { jkt: by.jkt } })
  /** @type {(make: (at: number) => Credentials) => readonly Credentials[]} */
  const list = (make) => Array.from({ length: batch }, (_, at) => make(at))
  const requested = (/** @type {string} */ token, by = client) => ({
    token,
    proof: by.proof(token, `${origin}/orders`),
  })
  const one = bind(client)
  return [
    {
      name: alone,
      make: async () => {
        const checks = list(() => requested(bind(client))).map(({ token, proof }) => [
          signer.raw(token),
          client.raw(proof ?? ''),
        ])
        return (at) => checks[at]?.every((check) => check()) || fail()
      },
    },
    {
      name: contenders.bearer,
      make: () => requests(signer, () => list(() => ({ token: signer.token(), proof: undefined }))),
    },
    {
      name: contenders.known,
      make: () => requests(signer, () => list(() => requested(bind(client)))),
    },
    { name: contenders.cached, make: () => requests(signer, () => list(() => requested(one))) },
    {
      name: contenders.newKey,
      make: () =>
        requests(signer, () =>
          list(() => {
            const by = createSigner('ES256', 'client')
            return requested(bind(by), by)
          }),
        ),
    },
  ]
}

/** A new gate, which has used its key once. Its clock does not move while proofs are made. */
async function requests(
  /** @type {Signer} */ { jwk, algorithm },
  /** @type {() => readonly Credentials[]} */ make,
) {
  const gate = createGate({
    issuer,
    audience,
    algorithms: /** @type {any} */ ([algorithm]),
    jwks: { keys: [jwk] },
    publicUrl: origin,
    dpop: { maxProofs: 1_000_000 },
    clock: { now: () => Math.floor(Date.now() / 1000) * 1000, monotonic: () => performance.now() },
  })
  const guard = gate.guards((one) => one).requireAuthentication()
  const credentials = make()
  return async (/** @type {number} */ at) => {
    const { token, proof } = credentials[at] ?? fail()
    const headers = ['Host', 'api.example.com', 'Accept', '*/*', 'Authorization']
    headers.push(proof === undefined ? `Bearer ${token}` : `DPoP ${token}`)
    if (proof !== undefined) headers.push('DPoP', proof)
    const { action } = await gate.pass({}, { method: 'GET', url: '/orders', headers }, guard)
    if (action !== 'proceed') fail()
  }
}

function fail() {
  throw new Error('a valid request was refused')
}
