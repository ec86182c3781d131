// A throwaway npm registry on loopback, without uplinks: it has the packages that were published to it,
// and nothing else.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pnpm } from '../../pnpm.mjs'
import { root } from '../../run.mjs'

const workspace = join(root, 'scripts', 'release', 'rehearsal', 'registry')
const startLimit = 60_000

/**
 * @typedef {object} Registry
 * @property {string} url
 * @property {string} token lets its holder publish
 * @property {() => Promise<void>} stop
 */

/** @type {(folder: string) => Promise<Registry>} `folder` is an empty one for all that it keeps */
export async function startRegistry(folder) {
  const installed = pnpm(['install', '--frozen-lockfile'], { cwd: workspace })
  if (!installed.ok) throw new Error(`verdaccio was not installed.\n${installed.output}`)

  const url = `http://127.0.0.1:${await freePort()}`
  const log = join(folder, 'registry.log')
  const output = openSync(log, 'w')
  const main = join(workspace, 'node_modules', 'verdaccio', 'bin', 'verdaccio')
  const server = spawn(
    process.execPath,
    [main, '--config', configuration(folder), '--listen', url],
    // To a file, because a pipe is not read while a command of the rehearsal runs.
    { cwd: folder, stdio: ['ignore', output, output] },
  )
  process.once('exit', () => server.kill())
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
  try {
    await answering(url, server)
    return { url, token: await register(url), stop }
  } catch (error) {
    await stop()
    throw new Error(`verdaccio did not start.\n${readFileSync(log, 'utf8')}`, { cause: error })
  }
}

/** @type {(folder: string) => string} the path of its configuration. JSON is YAML. */
function configuration(folder) {
  const path = join(folder, 'verdaccio.yaml')
  const settings = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    packages: { '@resource-server/*': { access: '$all', publish: '$authenticated' } },
    web: { enable: false },
    log: { type: 'stdout', format: 'pretty', level: 'warn' },
  }
  writeFileSync(path, JSON.stringify(settings))
  return path
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}

/** @type {(url: string, server: import('node:child_process').ChildProcess) => Promise<void>} */
async function answering(url, server) {
  const deadline = Date.now() + startLimit
  while (Date.now() < deadline && server.exitCode === null) {
    const answer = await fetch(`${url}/-/ping`).catch(() => undefined)
    if (answer?.ok) return
    await wait(100)
  }
  throw new Error('It does not answer.')
}

/** @type {(url: string) => Promise<string>} the token of a new user */
async function register(url) {
  const user = { name: 'rehearsal', password: crypto.randomUUID() }
  const answer = await fetch(`${url}/-/user/org.couchdb.user:${user.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  })
  /** @type {any} */
  const { token } = await answer.json()
  if (!answer.ok || typeof token !== 'string') throw new Error(`No token: ${answer.status}`)
  return token
}
