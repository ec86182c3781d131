// Bundles the worker as for a deployment, and runs it in workerd.
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const { outputFiles } = await build({
  entryPoints: ['worker.mjs'],
  bundle: true,
  format: 'esm',
  write: false,
  // Without the condition and the platform `node`, an import of a Node module fails here.
  platform: 'neutral',
  conditions: ['workerd', 'worker', 'browser'],
  mainFields: ['module'],
})
const worker = new Miniflare({
  modules: true,
  script: outputFiles[0].text,
  compatibilityDate: '2025-10-01',
  bindings: { ISSUER: process.env['ISSUER'] ?? '' },
  host: '127.0.0.1',
  port: 0,
})
console.log(`port ${(await worker.ready).port}`)
process.once('SIGTERM', () => void worker.dispose())
