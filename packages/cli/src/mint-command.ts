import { ConfigError } from '@resource-server/core'
import {
  createTestIssuer,
  type ProviderId,
  type SigningKey,
  type TestIssuer,
  type TokenOptions,
} from '@resource-server/testing'
import { wholeNumber } from './input.ts'
import { findIssuerFile, openClientKey } from './mint/files.ts'
import { realClock } from './mint/real-clock.ts'
import { type ExitCode, exitCodes, type Terminal } from './terminal.ts'

export interface MintArguments {
  readonly keyFile: string
  readonly audience?: readonly string[]
  readonly scope?: string
  readonly subject?: string
  readonly client?: string
  readonly actor?: readonly string[]
  readonly expiresIn?: string
  readonly claim?: readonly string[]
  readonly provider?: ProviderId
  readonly dpopKeyFile?: string
  readonly request?: string
  readonly nonce?: string
}

/**
 * Prints a token of the local issuer, and nothing else. With `request`, the headers of a request with that token, for
 * `curl -H @-`.
 */
export async function mintCommand(given: MintArguments, terminal: Terminal): Promise<ExitCode> {
  const options = tokenOptions(given)
  const request = given.request === undefined ? undefined : readRequest(given.request)
  const file = await findIssuerFile(given.keyFile)
  if (!file) throw noIssuer(given.keyFile)
  const client =
    given.dpopKeyFile === undefined ? undefined : await openClientKey(given.dpopKeyFile)
  // It only signs: the issuer that is served is another process.
  const issuer = await createTestIssuer({ ...file, clock: realClock })
  try {
    terminal.write(`${print(issuer, { options, client, request, nonce: given.nonce })}\n`)
    return exitCodes.ok
  } finally {
    await issuer.close()
  }
}

function noIssuer(path: string): ConfigError {
  return new ConfigError(
    `${path} does not exist.`,
    `Start the issuer first, which creates it: resource-server issuer --key-file ${path}`,
  )
}

interface Request {
  readonly method: string
  readonly url: string
}

interface Printed {
  readonly options: TokenOptions
  readonly client: SigningKey | undefined
  readonly request: Request | undefined
  readonly nonce: string | undefined
}

function print(issuer: TestIssuer, { options, client, request, nonce }: Printed): string {
  if (!client) {
    const token = issuer.token(options)
    return request ? `Authorization: Bearer ${token}` : token
  }
  const dpop = issuer.dpopClient({ key: client })
  const token = dpop.token(options)
  if (!request) return token
  const headers = dpop.headers({ token, ...request, ...(nonce !== undefined && { nonce }) })
  return `Authorization: ${headers.authorization}\nDPoP: ${headers.dpop}`
}

/** @throws ConfigError if the audience is missing or a value is malformed */
function tokenOptions(given: MintArguments): TokenOptions {
  const { audience, scope, subject, client, actor, expiresIn, claim = [], provider } = given
  if (!audience) {
    throw new ConfigError('No audience was given.', 'Pass --audience with the name of the service.')
  }
  const [first, ...more] = audience
  return {
    aud: more.length > 0 ? audience : first!,
    ...(scope !== undefined && { scope }),
    ...(subject !== undefined && { sub: subject }),
    ...(client !== undefined && { clientId: client }),
    ...(actor && { actors: actor }),
    ...(expiresIn !== undefined && { expiresIn: wholeNumber('--expires-in', expiresIn) }),
    ...(claim.length > 0 && { claims: Object.fromEntries(claim.map(readClaim)) }),
    ...(provider !== undefined && { provider }),
  }
}

/** `tenant=acme` and `level=3`. A value that is JSON is not text. */
function readClaim(text: string): readonly [string, unknown] {
  const [, name, value] = /^([^=]+)=([^]*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new ConfigError(`'${text.slice(0, 64)}' is not a claim.`, 'Write --claim tenant=acme.')
  }
  try {
    return [name, JSON.parse(value) as unknown]
  } catch {
    return [name, value]
  }
}

function readRequest(text: string): Request {
  const [, method = 'GET', url = ''] = /^(?:([A-Z]+) )?(https?:\/\/\S+)$/.exec(text) ?? []
  if (URL.canParse(url)) return { method, url }
  throw new ConfigError(
    `'${text.slice(0, 64)}' is not a request.`,
    "Write --request 'GET http://127.0.0.1:3000/orders'.",
  )
}
