import { readFile, writeFile } from 'node:fs/promises'
import { ConfigError } from '@resource-server/core'
import { createSigningKey, type ProviderId, type SigningKey } from '@resource-server/testing'

/** Describes a local issuer, so that other processes can issue its tokens. Contains its private key. */
export interface IssuerFile {
  /** The `iss` of its tokens. */
  readonly issuer: string
  readonly provider: ProviderId
  readonly key: SigningKey
}

/**
 * `undefined` if there is no such file.
 *
 * @throws ConfigError if it contains something else
 */
export async function findIssuerFile(path: string): Promise<IssuerFile | undefined> {
  const content = await readJson(path)
  if (content === undefined) return undefined
  const { issuer, provider, key } = (content ?? {}) as Partial<IssuerFile>
  if (
    typeof issuer === 'string' &&
    URL.canParse(issuer) &&
    typeof provider === 'string' &&
    isKey(key)
  ) {
    return { issuer, provider, key }
  }
  throw otherContent(path)
}

/** Writes it so that only the owner can read it. Never replaces a file. */
export async function writeIssuerFile(path: string, file: IssuerFile): Promise<void> {
  await writePrivate(path, file)
}

/** A client's DPoP key. If the file does not exist, both are created. */
export async function openClientKey(path: string): Promise<SigningKey> {
  const content = await readJson(path)
  if (isKey(content)) return content
  if (content !== undefined) throw otherContent(path)
  const key = createSigningKey('ES256', 'dpop-key')
  await writePrivate(path, key)
  return key
}

async function writePrivate(path: string, content: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined
    if (error instanceof SyntaxError) throw otherContent(path)
    throw error
  }
}

function isKey(value: unknown): value is SigningKey {
  const { kid, privateJwk } = (value ?? {}) as Partial<SigningKey>
  return typeof kid === 'string' && typeof privateJwk === 'object'
}

/** The message of the parser could repeat a private key. */
function otherContent(path: string): ConfigError {
  return new ConfigError(
    `${path} was not written by this command.`,
    'Pass another path, or delete the file.',
  )
}
