// Measures the servers of one framework in this process, without sockets. Prints the tables as JSON.
import { startIssuer } from '../http.mjs'
import { request } from './in-process.mjs'
import { cost, median } from './measure.mjs'
import { servers } from './servers.mjs'
import { audience, createSigner } from './tokens.mjs'

const { framework, contenders, rounds, batch, warmUp } = JSON.parse(process.argv[2] ?? '{}')
const signer = createSigner('RS256')
const issuer = await startIssuer(signer)
const setup = { issuer: issuer.url, jwksUri: issuer.jwksUri, audience }
/** @type {readonly string[]} */
const names = contenders ?? Object.keys(servers[framework] ?? {})
const mint = (/** @type {number} */ count) =>
  Array.from({ length: count }, () => signer.token({ iss: issuer.url }))

/** Tokens for every state by the number of the request. Each contender gets the same ones. */
const tokens = {
  cold: mint(warmUp + rounds * batch),
  warm: mint(100),
}

/** @typedef {{ name: string, server: import('node:http').Server, sent: number, costs: number[] }} Contender */

/** @type {(contender: Contender, own: readonly string[], count: number) => Promise<void>} */
async function send(contender, own, count) {
  for (let at = 0; at < count; at += 1) {
    await request(contender.server, own[contender.sent % own.length] ?? '')
    contender.sent += 1
  }
}

/** @type {(own: readonly string[]) => Promise<Contender[]>} */
async function measure(own) {
  /** @type {Contender[]} */
  const running = []
  for (const name of names) {
    const server = await servers[framework]?.[name]?.listen(setup)
    if (!server) throw new Error(`unknown server: ${framework}, ${name}`)
    const contender = { name, server, sent: 0, costs: [] }
    await send(contender, own, warmUp)
    running.push(contender)
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < running.length; turn += 1) {
      const contender = running[(turn + round) % running.length]
      if (!contender) continue
      contender.costs.push((await cost(() => send(contender, own, batch), batch)).cpu)
    }
  }
  return running
}

const tables = []
for (const [state, own] of Object.entries(tokens)) {
  const running = await measure(own)
  const costsOf = (/** @type {string} */ name) =>
    running.find((contender) => contender.name === name)?.costs ?? []
  /** The medians of differences in one round, because the machine changes its speed. */
  const above = (/** @type {Contender} */ { costs }, /** @type {string} */ base) =>
    median(costs.map((cpu, round) => cpu - (costsOf(base)[round] ?? NaN)))
  const signature = costsOf('crypto.verify alone')
  const rows = running.map((contender) => ({
    name: contender.name,
    cpu: median(contender.costs),
    above: above(contender, 'bare'),
    aboveSignature: above(contender, 'crypto.verify alone'),
    ratio: median(contender.costs.map((cpu, round) => cpu / (signature[round] ?? NaN))),
  }))
  tables.push({ framework, state, rows })
}
console.log(JSON.stringify(tables))
// Peers keep connections and timers open.
process.exit(0)
