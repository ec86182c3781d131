// (b) One request over a socket: the CPU time of the server process in addition to the bare framework.
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import { existsSync } from 'node:fs'
import { sendAll } from './lib/client.mjs'
import { signatureOnly } from './lib/contenders.mjs'
import { median, quantile } from './lib/measure.mjs'
import { servers } from './lib/servers.mjs'
import { audience, createSigner, garbage } from './lib/tokens.mjs'

const packageOf = { Express: 'express', Koa: 'koa', Fastify: 'fastify', Hono: 'fetch' }
const child = new URL('./lib/http-child.mjs', import.meta.url)

/** The frameworks that have an adapter. */
export const frameworks = Object.entries(packageOf)
  .filter(([, name]) => existsSync(new URL(`../packages/${name}/dist/index.js`, import.meta.url)))
  .map(([framework]) => framework)

/** @param {{ rounds: number, requests: number, warmUp: number, connections: number, only?: readonly string[], contenders?: readonly string[] }} size */
export async function measureHttp({
  rounds,
  requests,
  warmUp,
  connections,
  only = frameworks,
  contenders,
}) {
  const signer = createSigner('RS256')
  const issuer = await startIssuer(signer)
  const mint = (/** @type {number} */ count) =>
    Array.from({ length: count }, () => signer.token({ iss: issuer.url }))
  // The first round is longer and is not counted: until then, V8 is still compiling.
  const cold = Array.from({ length: rounds + 1 }, (_, round) =>
    mint(round === 0 ? warmUp : requests),
  )
  const warm = mint(100)
  const tables = []
  try {
    for (const framework of only) {
      const names = contenders ?? Object.keys(servers[framework] ?? {})
      const running = await Promise.all(names.map((name) => start(framework, name, issuer)))
      try {
        for (const [state, tokens] of /** @type {const} */ ([
          [
            'cold',
            (/** @type {number} */ round, /** @type {number} */ at) => cold[round]?.[at] ?? '',
          ],
          [
            'warm',
            (/** @type {number} */ _round, /** @type {number} */ at) =>
              warm[at % warm.length] ?? '',
          ],
          ['garbage', garbage],
        ])) {
          const size = { rounds, requests, warmUp, connections, isGarbage: state === 'garbage' }
          const rows = await measureTable(running, tokens, size)
          tables.push({ framework, state, rows })
        }
      } finally {
        for (const { stop } of running) await stop()
      }
    }
  } finally {
    issuer.close()
  }
  return tables
}

/** @typedef {Awaited<ReturnType<typeof start>>} Running */

/** @type {(running: readonly Running[], tokenAt: (round: number, at: number) => string, size: { rounds: number, requests: number, warmUp: number, connections: number, isGarbage: boolean }) => Promise<{ name: string, cpu: number, above: number, p50: number, p99: number }[]>} */
async function measureTable(all, tokenAt, { rounds, requests, warmUp, connections, isGarbage }) {
  const running = all.filter(({ name }) => !isGarbage || name !== signatureOnly)
  /** @type {Map<string, { cpu: number, latencies: number[] }[]>} */
  const measured = new Map(running.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < running.length; turn += 1) {
      const server = running[(turn + round) % running.length]
      if (!server) continue
      const before = await server.cpu()
      const latencies = await sendAll(server.port, (at) => tokenAt(round, at), {
        requests: round === 0 ? warmUp : requests,
        connections,
        granted: !isGarbage || server.name === 'bare',
      })
      const cpu = ((await server.cpu()) - before) / requests
      if (round > 0) measured.get(server.name)?.push({ cpu, latencies })
    }
  }
  const bare = measured.get('bare') ?? []
  return [...measured].map(([name, rows]) => {
    const latencies = rows.flatMap((row) => row.latencies)
    return {
      name,
      cpu: median(rows.map(({ cpu }) => cpu)),
      above: median(rows.map(({ cpu }, round) => cpu - (bare[round]?.cpu ?? NaN))),
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    }
  })
}

/** @type {(framework: string, name: string, issuer: { url: string, jwksUri: string }) => Promise<{ name: string, port: number, cpu: () => Promise<number>, stop: () => Promise<void> }>} */
async function start(framework, name, { url, jwksUri }) {
  const setup = JSON.stringify({ issuer: url, jwksUri, audience })
  const process = fork(child, [framework, name, setup], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  process.setMaxListeners(0)
  /** @type {() => Promise<any>} */
  const message = () =>
    new Promise((resolve, reject) => {
      const died = (/** @type {number | null} */ code) =>
        reject(new Error(`the server for ${framework}, ${name} exited with code ${code}`))
      process.once('exit', died)
      process.once('message', (answer) => {
        process.off('exit', died)
        resolve(answer)
      })
    })
  const { port } = await message()
  return {
    name,
    port,
    cpu: async () => {
      const answer = message()
      process.send('cpu')
      return (await answer).cpu
    },
    stop: () =>
      new Promise((resolve) => {
        process.once('exit', () => resolve())
        process.disconnect()
      }),
  }
}

/** Serves metadata and a key set. Some peers use discovery, others only the key set. */
export async function startIssuer(/** @type {import('./lib/tokens.mjs').Signer} */ signer) {
  const server = createServer((request, response) => {
    const document = request.url?.includes('jwks')
      ? { keys: [signer.jwk] }
      : { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }
    response.setHeader('Content-Type', 'application/json')
    // A busy process would reuse a connection that has timed out.
    response.setHeader('Connection', 'close')
    response.end(JSON.stringify(document))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    jwksUri: `${url}/.well-known/jwks.json`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
