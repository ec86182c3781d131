import type { ResourceServerOptions } from '@resource-server/core'
import { createGate } from '@resource-server/core/adapter'
import { fetchDocument, metadataUrls, printable } from './documents.ts'
import { entryOf } from './doctor/issuer.ts'
import { readSetup, type SetupArguments } from './input.ts'
import {
  type ExitCode,
  exitCodes,
  type Finding,
  formatFindings,
  formatJson,
  type Terminal,
} from './terminal.ts'

export interface KeysArguments extends SetupArguments {
  readonly json?: boolean
}

/** Prints the published keys of an issuer, and why some of them are not used. */
export async function keysCommand(given: KeysArguments, terminal: Terminal): Promise<ExitCode> {
  const { options } = await readSetup(given)
  const gate = createGate({ ...options, log: 'off' })
  await gate.operations.warmUp().catch(() => {})
  const { issuers } = gate.operations.health()
  gate.operations.close()
  const findings: Finding[] = []
  for (const { issuer, skipped } of issuers) {
    const reasons = new Map(skipped.map(({ kid, reason }) => [kid, reason]))
    const keys = await publishedKeys(issuer, options)
    for (const key of keys) findings.push(describe(key, reasons))
  }
  terminal.write(given.json ? formatJson(findings) : formatList(findings, terminal))
  return findings.some(({ result }) => result === 'passed') ? exitCodes.ok : exitCodes.problem
}

type Jwk = Readonly<Record<string, unknown>>

/** The keys of an issuer: those in the options, at the URL in them, or at the URL in its metadata. */
async function publishedKeys(
  issuer: string,
  options: ResourceServerOptions,
): Promise<readonly Jwk[]> {
  const { jwks, jwksUri, metadataUri } = entryOf(issuer, options)
  const metadata = metadataUri === undefined ? metadataUrls(issuer) : [metadataUri]
  const url = jwksUri ?? (jwks ? undefined : await discover(metadata, options))
  const set = url === undefined ? jwks : (await fetchDocument(url, options.fetch)).body
  const keys = set?.['keys']
  return Array.isArray(keys)
    ? keys.filter((key): key is Jwk => typeof key === 'object' && key !== null)
    : []
}

async function discover(
  urls: readonly string[],
  { fetch }: ResourceServerOptions,
): Promise<string | undefined> {
  for (const url of urls) {
    // oxlint-disable-next-line no-await-in-loop -- the first document is usually enough
    const found = (await fetchDocument(url, fetch)).body?.['jwks_uri']
    if (typeof found === 'string') return found
  }
  return undefined
}

function describe(key: Jwk, reasons: ReadonlyMap<string | undefined, string>): Finding {
  const kid = typeof key['kid'] === 'string' ? key['kid'] : undefined
  const reason = reasons.get(kid)
  const facts = ['kty', 'crv', 'alg', 'use'].flatMap((name) =>
    typeof key[name] === 'string' ? `${name} ${key[name]}` : [],
  )
  const detail = printable([...facts, reason ?? []].flat().join(', '))
  return { check: printable(kid ?? '(no kid)'), result: reason ? 'skipped' : 'passed', detail }
}

function formatList(findings: readonly Finding[], terminal: Terminal): string {
  return findings.length === 0 ? 'No keys found.\n' : formatFindings(findings, terminal)
}
