// `npm run docs:migrating`: the packages that docs/migrating.md names, set up as their own READMEs
// say, each asked for a few tokens. npm brings them, so this needs a network, and is no part of
// `npm test`. Fails where the page's table is not what was seen.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cache, root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const folder = join(cache, 'migrating')
const page = join(root, 'docs', 'migrating.md')
const packages = [
  ...['express-oauth2-jwt-bearer', 'express-jwt', 'koa-jwt', '@fastify/jwt', 'passport-jwt'],
  ...['jwks-rsa', 'express', 'koa', 'fastify', 'passport'],
]

setUp()
if (!run(tool('tsc'), ['-b']).ok) process.exit(1)
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
const installed = run('npm', ['install', '--no-audit', '--no-fund', ...packages], {
  cwd: folder,
  quiet: true,
})
if (!installed.ok) throw new Error(`The packages cannot be had:\n${installed.output}`)

const load = createRequire(join(folder, 'package.json'))
/** @type {(name: string) => string} */
const versionOf = (name) =>
  JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version

const { askAll } = await import('./migrating/ask.mjs')
const table = await askAll(load, versionOf)
console.log(table)
const same = readFileSync(page, 'utf8').includes(table)
console.log(same ? 'docs/migrating.md shows this table.' : 'docs/migrating.md shows ANOTHER table.')
// The asked packages keep connections open.
process.exit(same ? 0 : 1)
