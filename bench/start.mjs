// (d) Startup: the time of an import and of the first verification, and the size of the packages.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { median } from './lib/measure.mjs'
import { audience, createSigner, issuer } from './lib/tokens.mjs'

const packages = new URL('../packages/', import.meta.url)
const core = new URL('core/dist/index.js', packages).href

/** @param {{ runs: number }} size */
export async function measureStart({ runs }) {
  return { import: importTimes(runs), size: await sizes() }
}

/**
 * Each run uses a new process. Times are in milliseconds.
 *
 * @param {number} runs
 */
function importTimes(runs) {
  const signer = createSigner('ES256')
  const options = { issuer, audience, jwks: { keys: [signer.jwk] } }
  /** @type {Record<string, string>} */
  const scripts = {
    'node alone': 'const imported = performance.now(); const verified = imported',
    core: `const { createVerifier } = await import(${JSON.stringify(core)}); const imported = performance.now();
      await createVerifier(${JSON.stringify(options)}).verify(${JSON.stringify(signer.token())}); const verified = performance.now()`,
  }
  for (const peer of ['jose', 'fast-jwt', 'jsonwebtoken', 'aws-jwt-verify']) {
    scripts[peer] =
      `await import('${peer}'); const imported = performance.now(); const verified = NaN`
  }
  return Object.entries(scripts).map(([name, script]) => {
    const times = Array.from({ length: runs }, () => {
      const code = `const start = performance.now(); ${script}; console.log(JSON.stringify([imported - start, verified - imported]))`
      const cwd = fileURLToPath(new URL('.', import.meta.url))
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        cwd,
        encoding: 'utf8',
      })
      return /** @type {[number, number]} */ (JSON.parse(output))
    })
    return {
      name,
      imported: median(times.map(([imported]) => imported)),
      verified: median(times.map(([, verified]) => verified)),
    }
  })
}

/** Minified and gzipped size in bytes, without jose and the frameworks. */
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
      external: [
        'jose',
        'express',
        'koa',
        'fastify',
        'fastify-plugin',
        ...(name === 'core' ? [] : ['@resource-server/*']),
      ],
    })
    const code = outputFiles[0]?.contents ?? new Uint8Array()
    rows.push({ name, minified: code.length, gzipped: gzipSync(code).length })
  }
  return rows
}
