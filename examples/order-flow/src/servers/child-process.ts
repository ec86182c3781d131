import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import process from 'node:process'

export interface Program {
  /** For the progress lines and the errors. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Gets 200 once the server is up. */
  readonly readyUrl: string
  /** Where its output goes. */
  readonly log: string
}

/** A server in a process of its own, which ends with this process at the latest. */
export interface Running {
  readonly stop: () => Promise<void>
}

/** Told what happens, for whoever waits. */
export type Progress = (line: string) => void

const patience = { start: 400_000, stop: 20_000, poll: 250 }

/** Starts a server and waits until it answers. */
export async function start(program: Program, progress: Progress): Promise<Running> {
  const started = performance.now()
  const seconds = (): string => `${Math.round((performance.now() - started) / 1000)} s`
  progress(`${program.name}: starting`)
  const child = launch(program)
  const stop = stopper(child)
  try {
    while (!(await answers(program.readyUrl))) {
      if (child.exitCode !== null) throw new Error(`${program.name} ended by itself`)
      if (performance.now() - started > patience.start) throw new Error(`${program.name} is late`)
      await pause(patience.poll)
    }
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}. The end of its log:\n${tail(program.log)}`, { cause })
  }
  progress(`${program.name}: ready after ${seconds()}`)
  return { stop }
}

function launch({ command, args, env, cwd, log }: Program): ChildProcess {
  const output = openSync(log, 'a')
  try {
    // A group of its own, because launchers start the server as a child of theirs.
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

/** Ends the group: kindly, then for certain. It also ends with this process, whatever happens. */
function stopper(child: ChildProcess): () => Promise<void> {
  const group = -(child.pid ?? Number.NaN)
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(group, name)
    } catch {
      // It is gone already.
    }
  }
  const atExit = (): void => signal('SIGKILL')
  process.once('exit', atExit)
  return async () => {
    process.removeListener('exit', atExit)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    signal('SIGTERM')
    const late = setTimeout(() => signal('SIGKILL'), patience.stop)
    await ended
    clearTimeout(late)
    // A launcher may end before what it launched.
    signal('SIGKILL')
  }
}

async function answers(url: string): Promise<boolean> {
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

/** A port that is free now. Somebody could take it first; then the server says so in its log. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
