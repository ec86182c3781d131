// `npm run test:runtimes`: sends the same requests to small apps with @resource-server/fetch and @resource-server/hono on Node, workerd
// (through miniflare), Deno and Bun. The runtimes are large and come from the npm registry, so this needs
// network access and is not part of `npm test`. Their install scripts do not run: the files are used as the
// registry serves them.
import './help.mjs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { packAll, pinnedInCatalog, tarballOf } from './packages.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

// This version of miniflare runs on Node 20. Later versions require Node 22.
const runtimes = ['miniflare@4.20251011.0', 'esbuild@0.28.2', 'deno@2.9.6', 'bun@1.4.5']
const hosts = ['hono', '@hono/node-server'].map(pinnedInCatalog)

setUp()
if (!run(tool('tsc'), ['-b']).ok) process.exit(1)
const project = mkdtempSync(join(tmpdir(), 'resource-server-runtimes-'))
process.once('exit', () => rmSync(project, { recursive: true, force: true }))
install()

/** @type {(scope: string, path: string) => string} the binary for this platform */
function binary(scope, path) {
  const [folder = ''] = readdirSync(join(project, 'node_modules', scope))
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return join(project, 'node_modules', scope, folder, `${path}${suffix}`)
}

/** @type {Record<string, string[]>} */
const commands = {
  node: [process.execPath, 'node.mjs'],
  workerd: [process.execPath, 'workerd.mjs'],
  deno: [
    binary('@deno', 'deno'),
    'run',
    '--allow-net',
    '--allow-env',
    '--allow-read',
    '--no-lock',
    '--node-modules-dir=manual',
    'deno.mjs',
  ],
  bun: [binary('@oven', 'bin/bun'), 'run', 'bun.mjs'],
}

const { createTestIssuer } = await import('@resource-server/testing')
const { sendRaw } = await import('@resource-server/testing/conformance')
const { casesFor } = await import('../test/runtimes/cases.mjs')
const issuer = await createTestIssuer()
const cases = casesFor(issuer)
const [good] = cases

/** @typedef {import('../test/runtimes/cases.mjs').Case} Case */

/** @type {Map<string, unknown[]>} */
const answered = new Map()
let failed = false
for (const [name, command] of Object.entries(commands)) {
  console.log(`\n${name} ${version(name)}`)
  try {
    await testRuntime(name, command)
  } catch (error) {
    failed = true
    console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
  }
}
await issuer.close()
process.exitCode = failed ? 1 : 0

function install() {
  const packed = packAll(join(project, 'tarballs'))
  if (!packed.ok) throw new Error(packed.output)
  cpSync(join(root, 'test/runtimes/app'), project, { recursive: true })
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  const ours = ['core', 'fetch', 'hono'].map((folder) =>
    tarballOf(folder, join(project, 'tarballs')),
  )
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  const args = ['install', ...flags, ...ours, ...hosts, ...runtimes]
  const { ok, output } = run('npm', args, { cwd: project, quiet: true })
  if (!ok) throw new Error(output)
}

/** @type {(name: string) => string} */
function version(name) {
  if (name === 'node') return process.version
  const pin = runtimes.find((each) => each.startsWith(name === 'workerd' ? 'miniflare' : name))
  return pin ?? ''
}

/** @type {(name: string, command: string[]) => Promise<void>} */
async function testRuntime(name, [command = '', ...args]) {
  const env = { ...process.env, ISSUER: issuer.url, DENO_DIR: join(project, '.deno') }
  const app = spawn(command, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const port = await portOf(app)
    // Ten concurrent requests before the keys are loaded.
    const first = await Promise.all(Array.from({ length: 10 }, () => ask(port, good)))
    note(
      'ten concurrent requests before the keys are loaded',
      first.every(({ status }) => status === 200),
    )
    const answers = []
    for (const each of cases) {
      const answer = await ask(port, each)
      note(`${each.status} ${each.name}`, answer.status === each.status, answer)
      answers.push(answer)
    }
    answered.set(name, answers)
    note('the same responses as on Node', isDeepStrictEqual(answers, answered.get('node')))
  } finally {
    const ended = once(app, 'exit')
    if (app.exitCode === null && app.kill()) await ended
  }
}

/** @type {(app: import('node:child_process').ChildProcess) => Promise<number>} */
async function portOf(app) {
  if (!app.stdout) throw new Error('no output')
  const deadline = setTimeout(() => app.kill(), 60_000)
  for await (const line of createInterface({ input: app.stdout })) {
    const [, port] = /^port (\d+)$/.exec(line) ?? []
    if (!port) continue
    clearTimeout(deadline)
    return Number(port)
  }
  throw new Error('the app exited before it was listening')
}

/** Sends a request, and returns the parts of the response that must be the same on every runtime. */
/** @type {(port: number, of: Case | undefined) => Promise<{ status: number, told: string[], body: string }>} */
async function ask(port, of) {
  if (!of) throw new Error('the list of cases is empty')
  const lines = [`GET ${of.path} HTTP/1.1`, 'Host: orders', 'Connection: close', ...of.headers]
  const [answer] = await sendRaw(port, [...lines, '', ''].join('\r\n'))
  if (!answer) throw new Error(`${of.name}: no response`)
  const telling = /^(?:www-authenticate|cache-control|retry-after)$/i
  const ours = answer.headers.filter(
    ([name]) => telling.test(name) || (of.status !== 200 && /^content-type$/i.test(name)),
  )
  const told = ours.map(([name, value]) => `${name.toLowerCase()}: ${value}`).toSorted()
  return { status: answer.status, told, body: answer.body }
}

/** @type {(what: string, ok: boolean, found?: unknown) => void} */
function note(what, ok, found) {
  if (!ok) failed = true
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${what}`)
  if (!ok && found) console.log(found)
}
