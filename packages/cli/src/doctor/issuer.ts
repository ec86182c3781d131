import type { KeyHealth, ResourceServerOptions } from '@resource-server/core'
import { type FetchedDocument, fetchDocument, metadataUrls, printable } from '../documents.ts'
import type { Finding } from '../terminal.ts'
import { failed, passed, skipped } from './finding.ts'

/** What was found about an issuer, and the URLs that are used. */
export interface ExaminedIssuer {
  readonly findings: readonly Finding[]
  readonly urls: readonly string[]
}

/** A smaller skew is normal, because the date has whole seconds. */
const maxSkew = 2

/** Examines the metadata, the keys, and the clock of an issuer. */
export async function examineIssuer(
  health: KeyHealth,
  options: ResourceServerOptions,
): Promise<ExaminedIssuer> {
  const { issuer } = health
  const { jwks, jwksUri, metadataUri } = entryOf(issuer, options)
  const isDiscovered = jwks === undefined && jwksUri === undefined
  const urls = metadataUri === undefined ? metadataUrls(issuer) : [metadataUri]
  const documents = isDiscovered
    ? await Promise.all(urls.map((url) => fetchDocument(url, options.fetch)))
    : []
  return {
    findings: [
      passed('issuer', issuer),
      ...examineMetadata(issuer, documents),
      ...examineKeys(health),
      ...examineClock(health),
    ],
    urls: [...(isDiscovered ? urls : [jwksUri ?? []].flat()), ...urlsIn(documents)],
  }
}

interface IssuerEntry {
  readonly jwks?: { readonly keys?: unknown } | undefined
  readonly jwksUri?: string | undefined
  readonly metadataUri?: string | undefined
}

/** The options of one issuer. Those next to `issuer` apply to it if it has none of its own. */
export function entryOf(issuer: string, options: ResourceServerOptions): IssuerEntry {
  const entries: readonly unknown[] = [options.issuer ?? [], options.issuers ?? []].flat()
  const entry = entries.find((one) => (one as { readonly issuer?: unknown }).issuer === issuer)
  return { ...options, ...(entry as IssuerEntry | undefined) }
}

/** The endpoints in the metadata that a service uses. */
function urlsIn(documents: readonly FetchedDocument[]): readonly string[] {
  const names = ['jwks_uri', 'introspection_endpoint', 'token_endpoint']
  return documents
    .flatMap(({ body = {} }) => names.map((name) => body[name]))
    .filter((url): url is string => typeof url === 'string' && URL.canParse(url))
}

/** One document is enough. */
function examineMetadata(
  issuer: string,
  documents: readonly FetchedDocument[],
): readonly Finding[] {
  const found = documents.find(({ body }) => body)
  const lines = documents.map(({ url, problem }) => {
    if (problem === undefined) return passed('metadata', url)
    return (found ? skipped : failed)('metadata', `${url}: ${problem}`)
  })
  return found ? [...lines, ...examineIdentity(issuer, found)] : lines
}

function examineIdentity(issuer: string, { body = {} }: FetchedDocument): readonly Finding[] {
  const name = body['issuer']
  const shown = typeof name === 'string' ? printable(name) : 'absent'
  const keys = body['jwks_uri']
  return [
    name === issuer
      ? passed('issuer in the metadata', shown)
      : failed(
          'issuer in the metadata',
          `${shown}, but 'issuer' is ${issuer}. They must be identical`,
          "Set 'issuer' to the issuer in the metadata, if it is also the iss of the tokens.",
        ),
    typeof keys === 'string'
      ? passed('key set', printable(keys))
      : failed(
          'key set',
          'the metadata has no jwks_uri',
          "Set 'jwksUri' to the URL of the key set.",
        ),
  ]
}

const otherAlgorithm =
  "If the issuer signs access tokens with this algorithm, add it to 'algorithms'."

function examineKeys(health: KeyHealth): readonly Finding[] {
  const { state, keys, skipped: unused, lastError, advice } = health
  const why = lastError === undefined ? '' : `: ${lastError}`
  const isOther = unused.some(({ reason }) => reason.endsWith('is not an allowed algorithm'))
  const fix = advice === undefined ? isOther && otherAlgorithm : `${advice}.`
  const line =
    state === 'none'
      ? failed('keys', `no usable key${why}`, fix || undefined)
      : passed('keys', `${keys} usable`)
  return [
    line,
    ...unused.map(({ kid, reason }) => skipped('unused key', `${kid ?? 'without kid'}: ${reason}`)),
  ]
}

function examineClock({ clockSkew }: KeyHealth): readonly Finding[] {
  if (clockSkew === undefined) return []
  const seconds = Math.round(Math.abs(clockSkew))
  if (seconds <= maxSkew) return [passed('clock', 'agrees with the authorization server')]
  const where = clockSkew > 0 ? 'ahead of' : 'behind'
  return [
    failed(
      'clock',
      `${seconds} s ${where} the authorization server`,
      'Synchronize the clocks with a time server (NTP): timedatectl shows whether this machine does.',
    ),
  ]
}
