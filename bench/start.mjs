// (d) Startup: the time of an import and of the first verification, and the size of the packages.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

const packages = new URL('../packages/', import.meta.url)
/** So that the child imports the same copy of a framework as the package does. */
const flags = ['--experimental-import-meta-resolve']
const child = fileURLToPath(new URL('lib/start-child.mjs', import.meta.url))

/** @param {{ runs: number }} size */
export async function measureStart({ runs }) {
  return { import: importCosts(runs), size: await sizes() }
}

/** @typedef {{ cpu: number, wall: number, rss: number, firstCpu?: number, firstWall?: number }} StartCost milliseconds and MiB */

/**
 * The cost of an import and of the first token after it. The contenders take turns, each in a new process.
 *
 * @param {number} runs
 */
function importCosts(runs) {
  const signer = createSigner('RS256')
  const { jwk, pem, algorithm } = signer
  const setup = JSON.stringify({ issuer, audience, jwk, pem, algorithm, token: signer.token() })
  const ask = (/** @type {string[]} */ ...args) =>
    JSON.parse(execFileSync(process.execPath, [...flags, child, ...args], { encoding: 'utf8' }))
  /** @type {string[]} */
  const names = ask()
  const costs = new Map(names.map((name) => [name, /** @type {StartCost[]} */ ([])]))
  for (let run = 0; run < runs; run += 1) {
    for (const name of names) costs.get(name)?.push(ask(name, setup))
  }
  return names.map((name) => {
    const of = (/** @type {keyof StartCost} */ column) =>
      median((costs.get(name) ?? []).map((cost) => cost[column] ?? NaN))
    const [cpu, wall, rss, firstCpu] = [of('cpu'), of('wall'), of('rss'), of('firstCpu')]
    return { name, cpu, wall, rss, firstCpu, total: cpu + firstCpu }
  })
}

/** Minified and gzipped size in bytes, without the other packages that each of them needs. */
async function sizes() {
  const names = readdirSync(packages).filter((name) =>
    existsSync(new URL(`${name}/dist/index.js`, packages)),
  )
  const rows = []
  for (const name of names.filter((each) => each !== 'testing')) {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL(`${name}/dist/index.js`, packages))],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'node',
      external: dependenciesOf(name),
    })
    const code = outputFiles[0]?.contents ?? new Uint8Array()
    rows.push({ name, minified: code.length, gzipped: gzipSync(code).length })
  }
  return rows
}

/** @param {string} name */
function dependenciesOf(name) {
  const manifest = readFileSync(new URL(`${name}/package.json`, packages), 'utf8')
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(manifest)
  return Object.keys({ ...dependencies, ...peerDependencies })
}
