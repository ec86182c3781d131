// Measures the servers of one framework in this process, without sockets. Prints the tables as JSON.
import { startIssuer } from '../http.mjs'
import { beforeName, signatureOnly } from './contenders.mjs'
import { request } from './in-process.mjs'
import { cost, median, medianRatio } from './measure.mjs'
import { servers } from './servers.mjs'
import { audience, createSigner, garbage } from './tokens.mjs'

const { framework, contenders, rounds, batch, warmUp } = JSON.parse(process.argv[2] ?? '{}')
const signer = createSigner('RS256')
const issuer = await startIssuer(signer)
const setup = { issuer: issuer.url, jwksUri: issuer.jwksUri, audience }
/** @type {readonly string[]} */
const names = contenders ?? Object.keys(servers[framework] ?? {})
const mint = (/** @type {number} */ count) =>
  Array.from({ length: count }, () => signer.token({ iss: issuer.url }))

const repeated = mint(100)
/**
 * The tokens of one round, which each contender gets. New ones are created for each round: if they were created before,
 * the garbage collector would visit all of them again and again, at the expense of whoever runs at that time.
 *
 * @type {Record<string, (count: number) => readonly string[]>}
 */
const tokens = {
  cold: mint,
  warm: () => repeated,
  garbage: (count) => Array.from({ length: count }, garbage),
}

/** @typedef {{ name: string, server: import('node:http').Server, granted: boolean, costs: number[] }} Contender */

/** @type {(contender: Contender, own: readonly string[], count: number) => Promise<void>} */
async function send({ server, granted }, own, count) {
  for (let at = 0; at < count; at += 1) await request(server, own[at % own.length] ?? '', granted)
}

/** @type {(state: string, tokensFor: (count: number) => readonly string[]) => Promise<Contender[]>} */
async function measure(state, tokensFor) {
  const running = await start(state === 'garbage', tokensFor(warmUp))
  for (let round = 0; round < rounds; round += 1) {
    const own = tokensFor(batch)
    for (let turn = 0; turn < running.length; turn += 1) {
      const contender = running[(turn + round) % running.length]
      if (!contender) continue
      contender.costs.push((await cost(() => send(contender, own, batch), batch)).cpu)
    }
  }
  return running
}

/** @type {(isGarbage: boolean, own: readonly string[]) => Promise<Contender[]>} */
async function start(isGarbage, own) {
  /** @type {Contender[]} */
  const running = []
  for (const name of names.filter((one) => !isGarbage || one !== signatureOnly)) {
    const server = await servers[framework]?.[name]?.listen(setup)
    if (!server) throw new Error(`unknown server: ${framework}, ${name}`)
    const contender = { name, server, granted: !isGarbage || name === 'bare', costs: [] }
    await send(contender, own, warmUp)
    running.push(contender)
  }
  return running
}

const tables = []
for (const [state, tokensFor] of Object.entries(tokens)) {
  const running = await measure(state, tokensFor)
  const costsOf = (/** @type {string} */ name) =>
    running.find((contender) => contender.name === name)?.costs ?? []
  /** The medians of differences in one round, because the machine changes its speed. */
  const above = (/** @type {Contender} */ { costs }, /** @type {string} */ base) =>
    median(costs.map((cpu, round) => cpu - (costsOf(base)[round] ?? NaN)))
  const rows = running.map((contender) => ({
    name: contender.name,
    cpu: median(contender.costs),
    above: above(contender, 'bare'),
    aboveSignature: above(contender, signatureOnly),
    before: medianRatio(contender.costs, costsOf(beforeName)),
  }))
  tables.push({ framework, state, rows })
}
console.log(JSON.stringify(tables))
// Peers keep connections and timers open.
process.exit(0)
