import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import process from 'node:process'

export interface Program {
  /** The name in progress messages and errors. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A URL that responds with 200 once the server is ready. */
  readonly readyUrl: string
  /** The file that receives the output of the process. */
  readonly log: string
}

/** A server in its own process. It is killed when this process exits. */
export interface Running {
  readonly stop: () => Promise<void>
}

/** Receives progress messages for the user. */
export type Progress = (line: string) => void

/** Milliseconds. */
const timeouts = { start: 400_000, stop: 20_000, poll: 250 }

/** Starts a server and waits until it responds. */
export async function start(program: Program, progress: Progress): Promise<Running> {
  const started = performance.now()
  const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`
  progress(`${program.name}: starting`)
  const child = launch(program)
  const stop = stopFunction(child)
  try {
    while (!(await isReady(program.readyUrl))) {
      if (child.exitCode !== null) throw new Error(`${program.name} exited while starting`)
      if (performance.now() - started > timeouts.start)
        throw new Error(`${program.name} did not start in time`)
      await pause(timeouts.poll)
    }
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}. The last lines of its log:\n${tail(program.log)}`, { cause })
  }
  progress(`${program.name}: ready after ${seconds()}`)
  return { stop }
}

function launch({ command, args, env, cwd, log }: Program): ChildProcess {
  const output = openSync(log, 'a')
  try {
    // A process group of its own: launchers start the server as their child process.
    return spawn(command, args, {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
      cwd,
      detached: true,
    })
  } finally {
    closeSync(output)
  }
}

/**
 * Returns a function that stops the process group with SIGTERM, then with SIGKILL. The group is also
 * killed when this process exits.
 */
function stopFunction(child: ChildProcess): () => Promise<void> {
  const group = -(child.pid ?? Number.NaN)
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(group, name)
    } catch {
      // The group has already exited.
    }
  }
  const killAtExit = (): void => signal('SIGKILL')
  process.once('exit', killAtExit)
  return async () => {
    process.removeListener('exit', killAtExit)
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    signal('SIGTERM')
    const timer = setTimeout(() => signal('SIGKILL'), timeouts.stop)
    await exited
    clearTimeout(timer)
    // A launcher may exit before the server that it started.
    signal('SIGKILL')
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    return false
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Finds a free port. If another process takes it first, the server reports that in its log. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
