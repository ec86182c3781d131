import { run } from '../src/index.ts'

export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in this process, with this text on standard input. */
export async function cli(
  args: readonly string[],
  input = '',
  look: { readonly color?: boolean; readonly columns?: number } = {},
): Promise<Result> {
  const written = { out: '', err: '' }
  const code = await run(args, {
    stdin: (async function* () {
      // In two parts, as a pipe may deliver it.
      yield Buffer.from(input.slice(0, 5))
      yield Buffer.from(input.slice(5))
    })(),
    write: (text) => (written.out += text),
    warn: (text) => (written.err += text),
    color: false,
    isInteractive: false,
    ...look,
  })
  return { code, ...written }
}
