import { attempt } from '../lib/attempt.ts'
import type { CertificateFormat, MtlsSettings } from '../config/mtls.ts'
import { isInRange, parseIp } from '../lib/ip-address.ts'
import type { Connection, Presentation } from './presentation.ts'
import { sha256Async } from '#crypto'
import { decodeBase64url } from '#platform'

/** The SHA-256 of a client's certificate in DER, as in `x5t#S256` (RFC 8705 section 3.1). */
export type CertificateResult =
  | { readonly thumbprint: string }
  /** Why there is none, for the operator. */
  | { readonly problem: string }

/** More than any certificate needs. */
const maxCharacters = 65_536

/**
 * Finds the certificate with which the client authenticated, as configured: on the TLS socket of this
 * request, or in a header that a named proxy sets. Reads it again for each request, because a
 * connection can be renegotiated.
 */
export async function clientCertificate(
  presentation: Presentation,
  source: Exclude<MtlsSettings, { readonly from: 'gateway' }> | undefined,
): Promise<CertificateResult> {
  const { certificate } = presentation
  if (certificate) return thumbprintOfDer(certificate)
  if (!source) return problem('the client certificate is not known')
  if (source.from === 'socket') return fromSocket(presentation.connection?.())
  return fromHeader(presentation, source)
}

const problem = (text: string): CertificateResult => ({ problem: text })

async function thumbprintOfDer(der: Uint8Array | undefined): Promise<CertificateResult> {
  if (!der || !isSingleSequence(der)) {
    return problem('the client certificate is not a single DER value')
  }
  return { thumbprint: await sha256Async(der) }
}

async function fromSocket(connection: Connection | undefined): Promise<CertificateResult> {
  if (!connection?.getPeerCertificate) return problem('the connection does not use TLS')
  const { raw } = (connection.getPeerCertificate() ?? {}) as { readonly raw?: unknown }
  if (!(raw instanceof Uint8Array)) return problem('the client sent no certificate')
  return thumbprintOfDer(raw)
}

async function fromHeader(
  presentation: Presentation,
  { header: name, format, peers }: Extract<MtlsSettings, { readonly from: 'header' }>,
): Promise<CertificateResult> {
  if (!isNamedPeer(presentation.connection?.(), peers)) {
    return problem(`the request did not come from one of mtls.peers, so ${name} is ignored`)
  }
  const [value, ...rest] = presentation.header(name.toLowerCase())
  if (value === undefined) return problem(`the request has no ${name} header`)
  if (rest.length > 0 || typeof value !== 'string' || value.length > maxCharacters) {
    return problem(`the request does not have exactly one ${name} header of an acceptable size`)
  }
  const result = await readers[format](value.trim())
  return result ?? problem(`${name} is not a single certificate in the format ${format}`)
}

/** Whether the other end of the connection is a proxy that may name certificates. */
function isNamedPeer(
  connection: Connection | undefined,
  peers: Extract<MtlsSettings, { readonly from: 'header' }>['peers'],
): boolean {
  if (!connection || connection.destroyed) return false
  const { remoteAddress } = connection
  if (remoteAddress === undefined) return peers.unixSocket && isUnixSocket(connection)
  const address = parseIp(remoteAddress.split('%', 1)[0]!)
  return address !== undefined && peers.ranges.some((range) => isInRange(address, range))
}

/**
 * The file system decides who may connect to a socket that is a file. A missing address does not prove that it is a
 * file: sockets that have ended, and those that serverless hosts imitate, have none either.
 */
function isUnixSocket({ localAddress, server }: Connection): boolean {
  return localAddress === undefined && typeof server?.address?.() === 'string'
}

type Reader = (value: string) => Promise<CertificateResult | undefined>

/** `undefined` for anything but exactly one certificate in the format. */
const readers: Readonly<Record<CertificateFormat, Reader>> = {
  rfc9440: async (value) => readDer(/^:([^:]+):$/.exec(value)?.[1]),
  'nginx-pem': readEscapedPem,
  xfcc: readXfcc,
}

async function readDer(base64: string | undefined): Promise<CertificateResult | undefined> {
  const der = base64 === undefined ? undefined : decodeBase64(base64)
  return der && isSingleSequence(der) ? thumbprintOfDer(der) : undefined
}

/** Decodes padded base64 (RFC 4648 section 4), canonical encodings only. */
function decodeBase64(text: string): Uint8Array | undefined {
  const digits = text.length % 4 === 0 ? /^([A-Za-z0-9+/]+)={0,2}$/.exec(text)?.[1] : undefined
  return digits === undefined
    ? undefined
    : decodeBase64url(digits.replaceAll('+', '-').replaceAll('/', '_'))
}

const pem = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/

/** A certificate in PEM (RFC 7468 section 5), escaped as in a URL. */
async function readEscapedPem(value: string): Promise<CertificateResult | undefined> {
  return readDer(attempt(() => pem.exec(decodeURIComponent(value))?.[1]!.replace(/\s/g, '')))
}

/**
 * Envoy's `X-Forwarded-Client-Cert`. Each proxy appends an element, so a header with several elements may
 * begin with one that the client wrote: it is refused.
 */
async function readXfcc(value: string): Promise<CertificateResult | undefined> {
  const pairs = xfccPairs(value)
  if (!pairs) return undefined
  const hash = pairs.get('hash')
  const fromHash = hash === undefined ? undefined : thumbprintOfHex(hash)
  if (hash !== undefined && fromHash === undefined) return undefined
  const escaped = pairs.get('cert')
  if (escaped === undefined) {
    return fromHash === undefined ? undefined : { thumbprint: fromHash }
  }
  const certificate = await readEscapedPem(escaped)
  if (!certificate || !('thumbprint' in certificate)) return undefined
  const agrees = fromHash === undefined || fromHash === certificate.thumbprint
  return agrees ? certificate : undefined
}

const xfccPair = /^([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))(;|$)/

/** The pairs of a single element, by their name in lowercase. Only `By`, `URI` and `DNS` may repeat. */
function xfccPairs(value: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>()
  let rest = value
  while (rest !== '') {
    const [whole, name, quoted, plain, end] = xfccPair.exec(rest) ?? []
    if (whole === undefined) return undefined
    const key = name!.toLowerCase()
    if (pairs.has(key) && !['by', 'uri', 'dns'].includes(key)) return undefined
    pairs.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain!)
    rest = rest.slice(whole.length)
    if (end === ';' && rest === '') return undefined
  }
  return pairs
}

function thumbprintOfHex(hex: string): string | undefined {
  if (hex.length !== 64 || !/^[\da-f]+$/i.test(hex)) return undefined
  const bytes = hex.match(/../g)!.map((pair) => String.fromCharCode(Number.parseInt(pair, 16)))
  return btoa(bytes.join('')).replaceAll('+', '-').replaceAll('/', '_').replace('=', '')
}

/** Whether the bytes are one DER SEQUENCE and nothing else (X.690 section 8.1). */
function isSingleSequence(der: Uint8Array): boolean {
  const [tag, first = 0] = der
  if (tag !== 0x30) return false
  if (first < 0x80) return der.length === 2 + first
  const count = first - 0x80
  if (count < 1 || count > 3) return false
  const length = der.slice(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0)
  return der.length === 2 + count + length
}
