import { Command, CommanderError } from 'commander'
import { ConfigError } from '@resource-server/core'
import { type DoctorArguments, doctorCommand } from './doctor-command.ts'
import { type ExplainArguments, explainCommand } from './explain-command.ts'
import { type IssuerArguments, issuerCommand } from './issuer-command.ts'
import { type KeysArguments, keysCommand } from './keys-command.ts'
import { type MintArguments, mintCommand } from './mint-command.ts'
import { type ExitCode, exitCodes, formatError, type Terminal } from './terminal.ts'

/**
 * Runs the command with these arguments and resolves to its exit code. Writes only to `terminal`, and never
 * writes the token.
 *
 * @example
 * ```ts
 * import { run } from '@resource-server/cli'
 *
 * const write = (text: string): void => void process.stdout.write(text)
 * const terminal = { stdin: process.stdin, write, warn: write, color: false, isInteractive: false }
 * process.exitCode = await run(['doctor', '--issuer', 'https://as.example.com'], terminal)
 * ```
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let result: ExitCode = exitCodes.ok
  const program = createProgram(terminal, async (work) => {
    result = await work
  })
  try {
    if (args.some(isToken)) refuseToken()
    await program.parseAsync([...args], { from: 'user' })
    return result
  } catch (error) {
    return explainError(error, terminal)
  }
}

type Finish = (work: Promise<ExitCode>) => Promise<void>

function createProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('resource-server')
    .description(
      'Explains why an API accepts or refuses an access token, and checks the setup of the API.',
    )
    .exitOverride()
    .configureOutput({
      writeOut: terminal.write,
      writeErr: (text) => terminal.warn(withoutValue(text)),
    })
  withSetup(program.command('explain'))
    .description('reads a token from standard input, and prints the result of every check')
    .option(
      '--guard <guard>',
      'a guard of the route: requireScope=orders:read; repeatable',
      collect,
    )
    .option('--token-file <path>', 'reads the token from a file')
    .option('--offline', 'fetches nothing, and does not check the signature')
    .argument('[token]', 'refused, because other users can see arguments', refuseToken)
    .action((_token: unknown, given: ExplainArguments) => finish(explainCommand(given, terminal)))
  withSetup(program.command('doctor'))
    .description('checks issuers, keys, clocks, certificates, and stores, and the routes of an app')
    .option(
      '--app <path#export>',
      'lists the routes of an Express, Fastify, or Koa app and their guards. Runs the code of the module, but keeps ' +
        'servers from listening',
    )
    .option(
      '--public <route>',
      'a route that needs no guard, such as "GET /health"; repeatable',
      collect,
    )
    .action((given: DoctorArguments) => finish(doctorCommand(given, terminal)))
  withSetup(program.command('keys'))
    .description('lists the keys that the issuer publishes, with the reason for each unused key')
    .action((given: KeysArguments) => finish(keysCommand(given, terminal)))
  program
    .command('issuer')
    .description(
      'serves the metadata and the key set of a local issuer on 127.0.0.1, for development',
    )
    .requiredOption('--key-file <path>', keyFileHelp)
    .option('--port <number>', 'the port of a new issuer. Default: 4400')
    .option('--provider <id>', 'the provider whose tokens a new issuer imitates, such as keycloak')
    .action((given: IssuerArguments) => finish(issuerCommand(given, terminal)))
  program
    .command('mint')
    .description('prints a token from the local issuer to standard output, and nothing else')
    .requiredOption('--key-file <path>', 'the file that `issuer` created')
    .option('--audience <name>', 'the service that the token is for; repeatable', collect)
    .option('--scope <scopes>', 'the scopes, separated by spaces')
    .option('--subject <sub>', 'the user. Default: user-42')
    .option('--client <id>', 'the client that obtained the token')
    .option(
      '--actor <sub>',
      'the party that acts for the user (act), current actor first; repeatable',
      collect,
    )
    .option(
      '--expires-in <seconds>',
      'the lifetime. A negative number creates an expired token. Default: 300',
    )
    .option('--claim <name=value>', 'adds a claim, as text or JSON; repeatable', collect)
    .option('--provider <id>', 'the provider whose tokens it imitates. Default: that of the issuer')
    .option(
      '--dpop-key-file <path>',
      'binds the token to the key in this file (RFC 9449). Created if it does not exist',
    )
    .option(
      '--request <request>',
      'prints the headers of a request such as "GET http://127.0.0.1:3000/orders", for curl -H @-',
    )
    .option('--nonce <nonce>', 'with --request: the nonce of the DPoP proof')
    .action((given: MintArguments) => finish(mintCommand(given, terminal)))
  return program
}

const keyFileHelp =
  'the file with the issuer and its private key. Created, readable only by its owner, if it does not exist'

function withSetup(command: Command): Command {
  return command
    .option('--config <path>', 'a module or JSON file with the options of resourceServer()')
    .option('--issuer <url>', 'the iss of the tokens')
    .option('--provider <name>', 'the provider of the issuer, such as keycloak')
    .option('--jwks-uri <url>', 'the URL of the key set, if the metadata is not used')
    .option('--audience <name>', 'the name of this service in aud; repeatable', collect)
    .option('--json', 'prints JSON')
}

/** Not variadic: `--audience name token` must not take the token for a name. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** A JWT alone, or after the name of an option. It may be in any place by mistake. */
function isToken(argument: string): boolean {
  return /(?:^|[= ])-{0,2}eyJ[\w-]*\.[\w-]+\.[\w-]*/.test(argument)
}

const unknownArgument = ['error: unknown command', 'error: unknown option']
/** Options and commands look like this. Secrets usually have digits, or are longer. */
const nameOfArgument = /^(?:--)?[a-z][a-z-]*$/
const maxNameLength = 26

/** commander repeats what it does not know, which may be an opaque token or another secret. */
function withoutValue(text: string): string {
  const problem = unknownArgument.find((start) => text.startsWith(`${start} '`))
  if (problem === undefined) return text
  const end = text.indexOf("'\n")
  if (end === -1) return `${problem}\n`
  const [name = ''] = text.slice(problem.length + 2, end).split('=', 1)
  const isName = name.length <= maxNameLength && nameOfArgument.test(name)
  return problem + (isName ? ` '${name}'` : '') + text.slice(end + 1)
}

/** The message must not repeat the argument. */
function refuseToken(): never {
  throw new ConfigError(
    'A token must not be an argument, because other users can see it in the process list.',
    'Use standard input or --token-file.',
  )
}

function explainError(error: unknown, terminal: Terminal): ExitCode {
  // commander has printed its own message. Help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  terminal.warn(formatError(error, terminal))
  return exitCodes.usage
}
