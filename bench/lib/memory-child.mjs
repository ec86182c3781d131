// Verifies distinct valid tokens in this process, and prints how its memory grows as JSON. Nothing else runs in it.
import { createVerifier } from '../../packages/core/dist/index.js'
import { quantile } from './measure.mjs'
import { audience, createSigner, issuer } from './tokens.mjs'

const { most, uses } = JSON.parse(process.argv[2] ?? '{}')
const signer = createSigner('ES256')
const { verify, health } = createVerifier({
  issuer,
  audience,
  algorithms: ['ES256'],
  jwks: { keys: [signer.jwk] },
})

const MiB = 2 ** 20
let count = 0
let peak = 0
const rows = []
for (let target = 1; target <= most; target *= 10) {
  /** @type {number[]} */
  const latencies = []
  for (; count < target; count += 1) {
    const token = signer.token()
    for (let use = 1; use < uses; use += 1) await verify(token)
    const start = performance.now()
    await verify(token)
    if (target - count <= 10_000) latencies.push((performance.now() - start) * 1000)
    if (count % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss())
  }
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  const { tokens = 0, bytes = 0 } = health().cache ?? {}
  rows.push({
    count,
    heap: heapUsed / MiB,
    rss: Math.max(peak, rss) / MiB,
    remembered: tokens,
    estimate: bytes / MiB,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  })
}
console.log(JSON.stringify(rows))
