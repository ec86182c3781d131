// `npm run docs:migrating`: sends a few tokens to each package in docs/migrating.md, configured as in its own
// README, and fails if the table on that page differs from the results. It installs the packages from npm, so
// it needs network access and is not part of `npm test`.
import './help.mjs'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cache, root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const folder = join(cache, 'migrating')
const page = join(root, 'docs', 'migrating.md')
const packages = [
  'express-oauth2-jwt-bearer',
  'express-jwt',
  'koa-jwt',
  '@fastify/jwt',
  'passport-jwt',
  'jwks-rsa',
  'express',
  'koa',
  'fastify',
  'passport',
]

setUp()
if (!run(tool('tsc'), ['-b']).ok) process.exit(1)
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
const installed = run('npm', ['install', '--no-audit', '--no-fund', ...packages], {
  cwd: folder,
  quiet: true,
})
if (!installed.ok) throw new Error(`The packages could not be installed:\n${installed.output}`)

const load = createRequire(join(folder, 'package.json'))
/** @type {(name: string) => string} */
const versionOf = (name) =>
  JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version

const { askAll } = await import('./migrating/ask.mjs')
const table = await askAll(load, versionOf)
console.log(table)
const same = readFileSync(page, 'utf8').includes(table)
console.log(`The table in docs/migrating.md ${same ? 'is up to date' : 'is OUT OF DATE'}.`)
// The tested packages keep connections open.
process.exit(same ? 0 : 1)
