import { once } from 'node:events'
import { ConfigError } from '@resource-server/core'
import { createSigningKey, createTestIssuer, type ProviderId } from '@resource-server/testing'
import { wholeNumber } from './input.ts'
import { findIssuerFile, type IssuerFile, writeIssuerFile } from './mint/files.ts'
import { realClock } from './mint/real-clock.ts'
import { type ExitCode, exitCodes, type Terminal } from './terminal.ts'

export interface IssuerArguments {
  readonly keyFile: string
  readonly port?: string
  readonly provider?: ProviderId
}

/** Serves the metadata and the key set of a local issuer until the process is told to stop. */
export async function issuerCommand(given: IssuerArguments, terminal: Terminal): Promise<ExitCode> {
  const { keyFile } = given
  const known = await findIssuerFile(keyFile)
  if (known) requireSame(given, known)
  const file = known ?? create(given)
  const port = Number(new URL(file.issuer).port)
  const issuer = await createTestIssuer({ ...file, port, clock: realClock })
  if (!known) {
    // After the port was found to be free.
    await writeIssuerFile(keyFile, file)
    terminal.warn(`Created ${keyFile}. It contains a private key: do not commit it.\n`)
  }
  terminal.write(`Issuer   ${issuer.url}\nKey set  ${issuer.jwksUri}\n`)
  terminal.warn('Press Ctrl-C to stop.\n')
  await untilStopped(terminal)
  await issuer.close()
  return exitCodes.ok
}

/** A server of a test issuer does not keep its process alive, so a timer does. */
async function untilStopped({ stop }: Terminal): Promise<void> {
  if (!stop || stop.aborted) return
  const timer = setInterval(() => {}, 60_000)
  await once(stop, 'abort')
  clearInterval(timer)
}

function create({ port = '4400', provider = 'rfc9068' }: IssuerArguments): IssuerFile {
  return {
    issuer: `http://127.0.0.1:${wholeNumber('--port', port)}`,
    provider,
    key: createSigningKey('ES256', 'local-1'),
  }
}

/** @throws ConfigError if an argument contradicts the file, whose tokens may be in use */
function requireSame({ keyFile, port, provider }: IssuerArguments, file: IssuerFile): void {
  const isSamePort = port === undefined || port === new URL(file.issuer).port
  if (isSamePort && (provider === undefined || provider === file.provider)) return
  throw new ConfigError(
    `${keyFile} is for ${file.issuer} and the provider ${file.provider}.`,
    'Leave out --port and --provider, or pass another path to create another issuer.',
  )
}
