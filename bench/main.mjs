// `npm run bench`: runs the benchmarks, prints tables, and writes results.json and chart.svg next to this
// file.
//   -- --quick          takes under a minute; the results are too rough to publish
//   -- --guard          only checks whether something became slow, and exits with 1 if so
//   -- --pair           only this build and the one in BENCH_BEFORE, without the other packages
//   -- functions http   runs only these parts: functions, inProcess, http, growth,
//                       refusals, start, hits, exchange, proofs, versions
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { measureExchange } from './exchange.mjs'
import { measureFunctions } from './functions.mjs'
import { measureGrowth } from './growth.mjs'
import { guard } from './guard.mjs'
import { measureHits } from './hits.mjs'
import { measureHttp } from './http.mjs'
import { measureInProcess } from './in-process.mjs'
import { chart } from './lib/chart.mjs'
import { before, beforeName, signatureOnly } from './lib/contenders.mjs'
import { report } from './lib/report.mjs'
import { measureProofs } from './proofs.mjs'
import { measureRefusals } from './refusals.mjs'
import { measureStart } from './start.mjs'
import { measureVersions } from './versions.mjs'

const options = process.argv.slice(2)
const parts = options.filter((option) => !option.startsWith('--'))
const quick = options.includes('--quick')
const isPair = options.includes('--pair')
if (isPair && !before)
  throw new Error('--pair needs BENCH_BEFORE: the path of another checkout that is built.')
const pair = isPair ? { contenders: ['bare', signatureOnly, 'ours', beforeName] } : {}

const sizes = {
  functions: quick
    ? { rounds: 2, batch: 800, warmBatch: 20_000 }
    : { rounds: 7, batch: 3000, warmBatch: 100_000, warmUp: 15_000 },
  http: quick
    ? { rounds: 2, requests: 800, warmUp: 800, connections: 32 }
    : { rounds: 7, requests: 3000, warmUp: 20_000, connections: 32 },
  growth: quick
    ? { tokens: 10_000, rounds: 2, batch: 300, issuers: 100 }
    : { tokens: 1_000_000, rounds: 5, batch: 2000, issuers: 1000 },
  inProcess: quick
    ? { rounds: 10, batch: 50, warmUp: 1000, contenders: ['bare', signatureOnly, 'ours'] }
    : // Long rounds, so that each contains collections of the old generation.
      { rounds: 15, batch: 1500, warmUp: 12_000 },
  refusals: quick
    ? { rounds: 5, batch: 300, issuers: [1, 100] }
    : { rounds: 25, batch: 1000, issuers: [1, 1000, 5000] },
  start: { runs: quick ? 2 : 15 },
  exchange: quick
    ? { rounds: 3, batch: 20_000, requests: 1000 }
    : { rounds: 9, batch: 100_000, requests: 5000 },
  // Many short rounds, because the figure is a small difference between large ones.
  proofs: quick ? { rounds: 5, batch: 300 } : { rounds: 60, batch: 300 },
  versions: quick
    ? { versions: ['22'], rounds: 2, batch: 500, warmUp: 500 }
    : { versions: ['22', '24', '26'], rounds: 7, batch: 2000, warmUp: 10_000 },
}

/** @type {Record<string, () => unknown>} */
const measures = {
  functions: () =>
    measureFunctions(
      quick
        ? { ...sizes.functions, ...pair, only: ['RS256', 'ES256'], inFlights: [1] }
        : { ...sizes.functions, ...pair },
    ),
  inProcess: () => measureInProcess({ ...sizes.inProcess, ...pair }),
  http: () => measureHttp({ ...sizes.http, ...pair }),
  growth: () => measureGrowth(sizes.growth),
  refusals: () => measureRefusals(sizes.refusals),
  start: () => measureStart(sizes.start),
  hits: () => measureHits(),
  exchange: () => measureExchange(sizes.exchange),
  proofs: () => measureProofs(sizes.proofs),
  versions: () => measureVersions(sizes.versions),
}

async function main() {
  if (options.includes('--guard')) {
    process.exitCode = (await guard()) ? 0 : 1
    return
  }
  const started = performance.now()
  const { node, openssl } = process.versions
  const model = cpus()[0]?.model ?? 'unknown'
  const machine = `Node ${node}, OpenSSL ${openssl}, ${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  console.log(`${machine}\n`)
  /** @type {Record<string, unknown>} */
  const results = { machine, when: new Date().toISOString(), quick }
  for (const [name, measure] of Object.entries(measures)) {
    if (parts.length > 0 && !parts.includes(name)) continue
    results[name] = await measure()
    console.log(report({ [name]: results[name] }))
  }
  writeFileSync(
    new URL('results.json', import.meta.url),
    `${JSON.stringify(results, undefined, 2)}\n`,
  )
  writeFileSync(new URL('chart.svg', import.meta.url), chart(results))
  console.log(
    `Wrote bench/results.json and bench/chart.svg after ${Math.round((performance.now() - started) / 1000)} s.`,
  )
}

await main()
