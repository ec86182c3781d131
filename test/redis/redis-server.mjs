// Starts Redis servers for tests and measurements, on random loopback ports and without persistence.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The servers that are running, so that none outlives this process. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/**
 * @typedef {object} RedisServer
 * @property {number} port
 * @property {string} url
 * @property {(...args: string[]) => Promise<string>} command sends one command with redis-cli
 * @property {() => void} freeze suspends the process: it keeps its connections and answers nothing
 * @property {() => void} thaw
 * @property {() => Promise<void>} kill with SIGKILL: what it stored is lost
 * @property {(changed?: string) => Promise<void>} start on the same port, after `kill`, and with another
 *   password if one is given
 * @property {() => Promise<void>} stop ends it and removes its folder
 */

/**
 * @param {{ password?: string, args?: readonly string[] }} [options]
 * @returns {Promise<RedisServer>}
 */
export async function startRedis({ password = '', args = [] } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'resource-server-redis-'))
  const port = await freePort()
  /** @type {import('node:child_process').ChildProcess} */
  let child
  const start = async (changed = password) => {
    child = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
        ...['--save', '', '--appendonly', 'no'],
        ...(changed ? ['--requirepass', changed] : []),
        ...args,
      ],
      { stdio: 'ignore' },
    )
    const started = child
    running.add(started)
    started.once('exit', () => running.delete(started))
    await answers(port, started)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return {
    port,
    url: `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    command: (...command) => redisCli(port, password, command),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill,
    start,
    stop: async () => {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/**
 * A cluster of three servers, without replicas.
 *
 * @returns {Promise<{ servers: readonly RedisServer[], stop: () => Promise<void> }>}
 */
export async function startCluster() {
  const servers = await Promise.all([0, 1, 2].map(() => startClusterNode()))
  const third = 16_384 / 3
  await Promise.all(
    servers.map(({ command }, at) =>
      command(
        ...['cluster', 'addslotsrange', String(Math.ceil(at * third))],
        String(Math.ceil((at + 1) * third) - 1),
      ),
    ),
  )
  await Promise.all(
    servers.map(({ command }, at) => command('cluster', 'set-config-epoch', String(at + 1))),
  )
  // All meet each other, because news travels slowly between them.
  for (const { command } of servers) {
    for (const { port, busPort } of servers) {
      await command('cluster', 'meet', '127.0.0.1', String(port), String(busPort))
    }
  }
  await Promise.all(servers.map(({ command }) => clusterIsComplete(command)))
  return {
    servers,
    stop: async () => {
      await Promise.all(servers.map(({ stop }) => stop()))
    },
  }
}

async function startClusterNode() {
  const busPort = await freePort()
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort)]
  return { ...(await startRedis({ args })), busPort }
}

/** @type {(command: RedisServer['command']) => Promise<void>} */
async function clusterIsComplete(command) {
  await eventually('the cluster is complete', async () => {
    const info = await command('cluster', 'info')
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
  })
}

const execute = promisify(execFile)

/** @type {(port: number, password: string, command: readonly string[]) => Promise<string>} */
async function redisCli(port, password, command) {
  const { stdout } = await execute('redis-cli', ['-e', '-p', String(port), ...command], {
    env: { ...process.env, ...(password && { REDISCLI_AUTH: password }) },
  })
  return stdout.trim()
}

/** Waits until a server accepts connections. @type {(port: number, child: import('node:child_process').ChildProcess) => Promise<void>} */
async function answers(port, child) {
  await eventually('redis-server accepts connections', async () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
    const socket = connect({ port, host: '127.0.0.1' })
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    return connected
  })
}

/**
 * Waits for another process, at most 20 seconds.
 *
 * @type {(what: string, isTrue: () => Promise<boolean>) => Promise<void>}
 */
export async function eventually(what, isTrue) {
  const end = performance.now() + 20_000
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`This did not happen within 20 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function freePort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}
