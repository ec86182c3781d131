import { ConfigError } from '../errors/refusal.ts'
import { type IpRange, isInRange, parseIpRange } from '../lib/ip-address.ts'
import { kindOf, type OptionObject, ownOptions, checkNames } from '../options/option-table.ts'
import type { MtlsOptions } from '../options/options.ts'

export type CertificateFormat = 'rfc9440' | 'xfcc' | 'nginx-pem'

/** The proxies that may name a client's certificate. */
interface Peers {
  readonly ranges: readonly IpRange[]
  readonly unixSocket: boolean
}

/** Where the client's certificate comes from. */
export type MtlsSettings =
  | { readonly from: 'socket' }
  | {
      readonly from: 'header'
      readonly format: CertificateFormat
      readonly header: string
      readonly peers: Peers
    }
  | { readonly from: 'gateway' }

/** The header of each format. nginx has no default, because its header is named in its configuration. */
const defaultHeaders: Readonly<Record<CertificateFormat, string | undefined>> = {
  rfc9440: 'Client-Cert',
  xfcc: 'X-Forwarded-Client-Cert',
  'nginx-pem': undefined,
}

/** The members of each kind. */
const members = {
  socket: ['from'],
  header: ['from', 'format', 'header', 'peers'],
  gateway: ['checkedBy'],
}

const example: Readonly<Record<'socket' | 'header' | 'gateway', MtlsOptions>> = {
  socket: { from: 'socket' },
  header: { from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] },
  gateway: { checkedBy: 'gateway' },
}

export function readMtls(value: unknown): MtlsSettings {
  const options = ownOptions(value, 'mtls option')
  const { from, checkedBy } = options
  if (checkedBy === 'gateway') {
    checkNames(options, members.gateway, 'mtls option')
    return Object.freeze({ from: 'gateway' })
  }
  const kind = checkedBy === undefined ? from : undefined
  if (kind === 'socket') {
    checkNames(options, members.socket, 'mtls option')
    return Object.freeze({ from: 'socket' })
  }
  if (kind === 'header') {
    checkNames(options, members.header, 'mtls option')
    return readHeader(options)
  }
  throw new ConfigError(
    "'mtls' does not say where the client certificate comes from.",
    `Use ${Object.values(example)
      .map((one) => JSON.stringify(one))
      .join(' or ')}.`,
  )
}

function readHeader(options: OptionObject): MtlsSettings {
  const { format, peers } = options
  if (!isFormat(format)) {
    throw new ConfigError(
      "'mtls.format' must be 'rfc9440', 'xfcc' or 'nginx-pem'.",
      'Name the format in which the proxy writes the certificate.',
    )
  }
  const header = Object.hasOwn(options, 'header') ? options['header'] : defaultHeaders[format]
  if (typeof header !== 'string' || !/^[A-Za-z0-9-]+$/.test(header)) {
    throw new ConfigError(
      `'mtls.header' must be the name of a header, got ${kindOf(header)}.`,
      'Use letters, digits and hyphens, as in X-Client-Cert. Some proxies do not tell other characters apart.',
    )
  }
  return Object.freeze({ from: 'header', format, header, peers: readPeers(peers) })
}

function isFormat(value: unknown): value is CertificateFormat {
  return typeof value === 'string' && Object.hasOwn(defaultHeaders, value)
}

const allOfIpv4 = parseIpRange('0.0.0.0/0')!

/** Whether a text was a block, and not one that contains every IPv4 address: it would trust every client. */
function isBlock(range: IpRange | undefined): range is IpRange {
  if (range === undefined) return false
  return range.bits > allOfIpv4.bits || !isInRange(allOfIpv4.address, range)
}

function readPeers(value: unknown): Peers {
  const entries: readonly unknown[] = Array.isArray(value) ? value : []
  const ranges = entries
    .filter((entry) => entry !== 'unix')
    .map((entry) => (typeof entry === 'string' ? parseIpRange(entry) : undefined))
  if (entries.length > 0 && ranges.every(isBlock)) {
    return Object.freeze({ ranges, unixSocket: entries.includes('unix') })
  }
  throw new ConfigError(
    "'mtls.peers' must be a non-empty list of IP addresses, CIDR blocks, or 'unix'.",
    "Name the proxies that may set the header: ['10.0.0.5'], ['10.1.0.0/16'], or ['unix'].",
  )
}
