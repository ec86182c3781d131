// (f) A hop: a token from the cache, and a call of the next service.
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createVerifier } from '../packages/core/dist/index.js'
import { nextHop } from '../packages/exchange/dist/index.js'
import { race, summarize } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

/** A server that only answers, in a process of its own, so that its work is not measured. */
const program = `
const server = require('node:http').createServer((request, response) => response.end('ok'))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** @param {{ rounds: number, batch: number, requests: number }} size */
export async function measureExchange({ rounds, batch, requests }) {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const origin = `http://127.0.0.1:${Number(String(line))}`
  try {
    const setup = await setUp(origin)
    const fetches = await race(fetchContenders(origin, setup), {
      rounds,
      batch: requests,
      inFlight: 16,
    })
    return {
      token: summarize(
        await race(tokenContenders(setup), { rounds, batch, inFlight: 1 }),
        'SHA-256 alone',
      ),
      fetch: summarize(fetches, 'fetch alone'),
    }
  } finally {
    child.kill()
  }
}

/** @typedef {Awaited<ReturnType<typeof setUp>>} Setup */

/** A hop whose authorization server is a function, and 100 tokens that are in its cache. */
async function setUp(/** @type {string} */ origin) {
  const signer = createSigner('ES256')
  const verifier = createVerifier({ issuer, audience, jwks: { keys: [signer.jwk] } })
  const answer = () =>
    Response.json({
      access_token: signer.token(),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 3600,
    })
  /** @type {import('../packages/exchange/dist/index.js').NextHopOptions} */
  const options = {
    issuer,
    client: { id: audience, secret: 'a secret' },
    audience: 'inventory-service',
    tokenEndpoint: `${issuer}/token`,
    origin,
    fetch: (url, init) => (url.startsWith(issuer) ? Promise.resolve(answer()) : fetch(url, init)),
  }
  const hop = nextHop(options)
  const patient = nextHop({ ...options, timeout: false })
  const tokens = Array.from({ length: 100 }, () => signer.token())
  const subjects = await Promise.all(tokens.map((token) => verifier.verify(token)))
  for (const subject of subjects) await Promise.all([hop.token(subject), patient.token(subject)])
  const { value } = await hop.token(at(subjects, 0))
  return { hop, patient, tokens, subjects, value }
}

/** @type {<T>(list: readonly T[], index: number) => T} */
function at(list, index) {
  const found = list.at(index % list.length)
  if (found === undefined) throw new Error('the list is empty')
  return found
}

/** @type {(setup: Setup) => import('./lib/measure.mjs').Contender[]} */
function tokenContenders({ hop, tokens, subjects }) {
  return [
    {
      name: 'SHA-256 alone',
      make: async () => (index) => hash('sha256', at(tokens, index), 'base64url'),
    },
    { name: 'hop.token(), cached', make: async () => (index) => hop.token(at(subjects, index)) },
  ]
}

/** @type {(origin: string, setup: Setup) => import('./lib/measure.mjs').Contender[]} */
function fetchContenders(origin, { hop, patient, subjects, value }) {
  const read = async (/** @type {Promise<Response>} */ call) => (await call).text()
  const headers = { authorization: `Bearer ${value}` }
  return [
    {
      name: 'fetch alone',
      make: async () => () => read(fetch(`${origin}/stock/7`, { headers })),
    },
    {
      name: 'fetch with AbortSignal.timeout()',
      make: async () => () =>
        read(fetch(`${origin}/stock/7`, { headers, signal: AbortSignal.timeout(10_000) })),
    },
    {
      name: 'hop.fetch(), timeout: false',
      make: async () => (index) => read(patient.fetch(at(subjects, index), '/stock/7')),
    },
    {
      name: 'hop.fetch()',
      make: async () => (index) => read(hop.fetch(at(subjects, index), '/stock/7')),
    },
  ]
}
