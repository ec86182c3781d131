import { describe, expect, test } from 'vitest'
import { X509Certificate } from 'node:crypto'
import { certificateOf } from '../../../../test/security/fixtures/certificate.ts'
import { keyOf } from '../../../../test/security/fixtures/keys.ts'
import { clientCertificate } from '../../src/binding/certificate.ts'
import type { Connection } from '../../src/binding/presentation.ts'
import { type MtlsSettings, readMtls } from '../../src/config/mtls.ts'
import { presentationOf, sha256 } from './dpop-fixture.ts'

/** Its base64 has padding, and differs from its base64url. The signature is random, and so is its length. */
function certificateWithSymbols(): string {
  const pem = certificateOf(keyOf('ES256', 'P-256', 'client-a'))
  return /[+/].*=$/.test(new X509Certificate(pem).raw.toString('base64'))
    ? pem
    : certificateWithSymbols()
}

const pem = certificateWithSymbols()
const der = new X509Certificate(pem).raw
const otherPem = certificateOf(keyOf('ES256', 'P-256', 'client-b'))
const otherDer = new X509Certificate(otherPem).raw
const thumbprint = sha256(der)
const hex = Buffer.from(thumbprint, 'base64url').toString('hex')

type Source = Exclude<MtlsSettings, { from: 'gateway' }>
type Headers = Readonly<Record<string, string | readonly string[]>>

const peers = ['10.0.0.5', '2001:db8::/32', 'unix']
const headerSource = (format: string, header?: string): Source =>
  readMtls({ from: 'header', format, peers, ...(header && { header }) }) as Source

const unixSocket: Connection = { destroyed: false, server: { address: () => '/run/api.sock' } }
const proxy: Connection = { remoteAddress: '10.0.0.5', localAddress: '10.0.0.1', destroyed: false }

/** The thumbprint, or why there is none. */
async function read(
  headers: Headers,
  source: Source,
  connection: Connection | undefined = proxy,
): Promise<string> {
  const result = await clientCertificate(
    presentationOf(headers, { connection: () => connection }),
    source,
  )
  return 'thumbprint' in result ? result.thumbprint : result.problem
}

describe('a certificate from the socket', () => {
  const source = readMtls({ from: 'socket' }) as Source

  // MTLS-socket-per-request:
  test('is read again for each request', async () => {
    const raws = [der, otherDer]
    const connection: Connection = { getPeerCertificate: () => ({ raw: raws.shift() }) }
    expect(await read({}, source, connection)).toBe(thumbprint)
    expect(await read({}, source, connection)).toBe(sha256(otherDer))
  })

  // MTLS-socket-empty-object:
  test.each([
    ['the certificate is an empty object', { getPeerCertificate: () => ({}) }],
    ['the certificate is null', { getPeerCertificate: () => null }],
    ['raw is text', { getPeerCertificate: () => ({ raw: pem }) }],
  ])('is absent if %s', async (_what, connection) => {
    expect(await read({}, source, connection)).toBe('the client sent no certificate')
  })

  test('is absent if the connection does not use TLS, or the host does not expose its socket', async () => {
    const problem = 'the connection does not use TLS'
    expect(await read({}, source, {})).toBe(problem)
    expect(await clientCertificate(presentationOf({}), source)).toEqual({ problem })
  })

  test('is not looked for in a header', async () => {
    const headers = { 'client-cert': `:${der.toString('base64')}:` }
    expect(await read(headers, source)).toBe('the connection does not use TLS')
  })
})

describe('the header is read only from a named peer', () => {
  const headers = { 'client-cert': `:${der.toString('base64')}:` }
  const source = headerSource('rfc9440')
  const ignored = 'the request did not come from one of mtls.peers, so Client-Cert is ignored'

  test.each<readonly [string, Connection]>([
    ['10.0.0.5', proxy],
    ['::ffff:10.0.0.5', { ...proxy, remoteAddress: '::ffff:10.0.0.5' }],
    ['an address in a block', { ...proxy, remoteAddress: '2001:db8:1::7' }],
    ['a Unix domain socket', unixSocket],
  ])('it is accepted from %s', async (_what, connection) => {
    expect(await read(headers, source, connection)).toBe(thumbprint)
  })

  test.each<readonly [string, Connection | undefined]>([
    ['another address', { ...proxy, remoteAddress: '10.0.0.6' }],
    ['an address that only begins the same', { ...proxy, remoteAddress: '10.0.0.55' }],
    ['an address that is not an IP address', { ...proxy, remoteAddress: 'localhost' }],
    ['a connection that has ended', { ...unixSocket, destroyed: true }],
    ['a connection that has a local address', { ...unixSocket, localAddress: '10.0.0.1' }],
    ['a connection without any address and without a server', { destroyed: false }],
    ['a server without an address', { server: {} }],
    ['a server that listens on a port', { server: { address: () => ({ port: 8080 }) } }],
    ['a server that does not listen', { server: { address: () => null } }],
  ])('it is ignored from %s', async (_what, connection) => {
    expect(await read(headers, source, connection)).toBe(ignored)
  })

  test('it is ignored if the host does not expose the peer', async () => {
    expect(await clientCertificate(presentationOf(headers), source)).toEqual({ problem: ignored })
  })

  test('X-Forwarded-For does not change the peer', async () => {
    const spoofed = { ...headers, 'x-forwarded-for': '10.0.0.5', forwarded: 'for=10.0.0.5' }
    expect(await read(spoofed, source, { ...proxy, remoteAddress: '10.0.0.6' })).toBe(ignored)
  })

  // MTLS-proxy-own-cert:
  test("the proxy's own certificate does not count", async () => {
    const connection = { ...proxy, getPeerCertificate: () => ({ raw: otherDer }) }
    expect(await read({}, source, connection)).toBe('the request has no Client-Cert header')
    expect(await read(headers, source, connection)).toBe(thumbprint)
  })

  test('a Unix domain socket is not accepted unless it is named', async () => {
    const named = readMtls({ from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] }) as Source
    expect(await read(headers, named, unixSocket)).toBe(ignored)
  })
})

describe('the format rfc9440', () => {
  const source = headerSource('rfc9440')
  const base64 = der.toString('base64')
  const longDer = Buffer.concat([Buffer.from('3082bff9', 'hex'), Buffer.alloc(49_145)])
  const longest = `:${longDer.toString('base64')}:  `

  test('is a certificate in base64 between colons', async () => {
    expect(await read({ 'client-cert': `:${base64}:` }, source)).toBe(thumbprint)
    expect(await read({ 'client-cert': ` :${base64}:\t` }, source)).toBe(thumbprint)
  })

  test.each<readonly [what: string, value: string | readonly string[]]>([
    ['are two lines', [`:${base64}:`, `:${base64}:`]],
    ['are a list', [[`:${base64}:`]] as never],
    ['have more than 65,536 characters', `${longest} `],
  ])('is refused if its values %s', async (_what, value) => {
    expect(await read({ 'client-cert': value }, source)).toBe(
      'the request does not have exactly one Client-Cert header of an acceptable size',
    )
  })

  test('may have 65,536 characters', async () => {
    expect(longest).toHaveLength(65_536)
    expect(await read({ 'client-cert': longest }, source)).toBe(sha256(longDer))
  })

  test.each([
    ['twice in one line', `:${base64}:, :${base64}:`],
    ['empty', ''],
    ['two colons', '::'],
    ['without colons', base64],
    ['with a parameter', `:${base64}:;a=b`],
    ['in PEM', pem],
    ['in base64url', `:${der.toString('base64url')}:`],
    ['base64 after other characters', `:....${base64}:`],
    ['base64 before other characters', `:${base64}....:`],
    ['without padding', `:${base64.replace(/=*$/, '')}:`],
    ['not DER', ':AAAA:'],
    ['followed by more bytes', `:${Buffer.concat([der, Buffer.of(0)]).toString('base64')}:`],
    ['cut off', `:${der.subarray(0, -1).toString('base64')}:`],
    ['a word', 'Bearer'],
  ])('is refused if it is %s', async (_what, value) => {
    expect(await read({ 'client-cert': value }, source)).toBe(
      'Client-Cert is not a single certificate in the format rfc9440',
    )
  })

  test.each(['x-client-cert', 'x-ssl-client-cert', 'client_cert', 'client-cert-chain'])(
    'is not read from the header %s',
    async (name) => {
      expect(await read({ [name]: `:${base64}:` }, source)).toBe(
        'the request has no Client-Cert header',
      )
    },
  )
})

describe('the format nginx-pem', () => {
  const source = headerSource('nginx-pem', 'X-Client-Cert')
  const escaped = encodeURIComponent(pem)

  test('is a certificate in PEM, escaped as in a URL', async () => {
    expect(await read({ 'x-client-cert': escaped }, source)).toBe(thumbprint)
    expect(await read({ 'x-client-cert': encodeURIComponent(pem.trim()) }, source)).toBe(thumbprint)
  })

  test.each([
    ['the word (null)', '(null)'],
    ['malformed', '%zz'],
    ['two certificates', encodeURIComponent(pem + otherPem)],
    ['text before a certificate', encodeURIComponent(`x${pem}`)],
    ['a certificate in base64', der.toString('base64')],
  ])('is refused if it is %s', async (_what, value) => {
    expect(await read({ 'x-client-cert': value }, source)).toBe(
      'X-Client-Cert is not a single certificate in the format nginx-pem',
    )
  })
})

describe('the format xfcc', () => {
  const source = headerSource('xfcc')
  const cert = `Cert="${encodeURIComponent(pem)}"`
  const xfcc = (value: string): Promise<string> =>
    read({ 'x-forwarded-client-cert': value }, source)

  test.each([
    ['a hash and its certificate', `By=spiffe://x;Hash=${hex};Subject="CN=a";${cert}`],
    ['only a hash', `Hash=${hex}`],
    ['only a certificate', cert],
    ['names in lowercase, and a hash in uppercase', `by=x;hash=${hex.toUpperCase()}`],
    ['By, URI, and DNS more than once', `By=a;By=b;URI=c;URI=d;DNS=e;DNS=f;Hash=${hex}`],
    ['separators and escaped quotes in quotes', `Hash=${hex};Subject="CN=\\"a\\";,x"`],
    ['an escaped character of the hash', `Hash="\\${hex}"`],
  ])('accepts %s', async (_what, value) => {
    expect(await xfcc(value)).toBe(thumbprint)
  })

  test.each([
    ['two elements', `Hash=${hex},Hash=${hex}`],
    ['an element after a quoted value', `${cert},Hash=${hex}`],
    ['a hash that is not that of the certificate', `Hash=${'0'.repeat(64)};${cert}`],
    ['a malformed hash next to a certificate', `Hash=x;${cert}`],
    ['a malformed certificate next to a hash', `Hash=${hex};Cert="x"`],
    ['two hashes', `Hash=${hex};Hash=${hex}`],
    ['a short hash', `Hash=${hex.slice(2)}`],
    ['a hash that begins with another letter', `Hash=g${hex.slice(1)}`],
    ['a hash that ends with another letter', `Hash=${hex.slice(1)}g`],
    ['text before the first pair', `${','.repeat(69)}By=Hash=${hex}`],
    ['neither hash nor certificate', 'By=spiffe://x;Subject="CN=a"'],
    ['an open quote', `Hash=${hex};Subject="CN=a`],
    ['a final semicolon', `Hash=${hex};`],
    ['nothing', ''],
    ['a certificate that is malformed', 'Cert="x"'],
    ['only a chain', `Chain="${encodeURIComponent(pem)}"`],
  ])('refuses %s', async (_what, value) => {
    expect(await xfcc(value)).toBe(
      'X-Forwarded-Client-Cert is not a single certificate in the format xfcc',
    )
  })

  test('reads a hash whose base64 differs from its base64url', async () => {
    const hash = Buffer.alloc(32, Buffer.of(0xfb, 0xff, 0xff))
    expect(hash.toString('base64')).toMatch(/^\+\/.*\+\/.*=$/)
    expect(await xfcc(`Hash=${hash.toString('hex')}`)).toBe(hash.toString('base64url'))
  })
})

test('a certificate that the caller passes is used as it is', async () => {
  const given = presentationOf({}, { certificate: der })
  expect(await clientCertificate(given, undefined)).toEqual({ thumbprint })
  expect(await clientCertificate(presentationOf({}), undefined)).toEqual({
    problem: 'the client certificate is not known',
  })
})

describe('the DER of a certificate', () => {
  /** A SEQUENCE of zeros with this length in this form. */
  const sequence = (head: readonly number[], length: number): Uint8Array =>
    Uint8Array.from([0x30, ...head, ...Array.from({ length }, () => 0)])
  const readDer = (certificate: Uint8Array) =>
    clientCertificate(presentationOf({}, { certificate }), undefined)

  test.each([
    ['no content', sequence([0], 0)],
    ['a short length', sequence([0x7f], 127)],
    ['a length of one byte', sequence([0x81, 0x80], 128)],
    ['a length of two bytes', sequence([0x82, 0x01, 0x02], 258)],
    ['a length of three bytes', sequence([0x83, 0x01, 0x00, 0x01], 65_537)],
  ])('may have %s', async (_what, bytes) => {
    expect(await readDer(bytes)).toEqual({
      thumbprint: sha256(bytes),
    })
  })

  test.each([
    ['is empty', new Uint8Array()],
    ['is only a tag', Uint8Array.of(0x30)],
    ['is not a sequence', Uint8Array.of(0x31, 0)],
    ['is cut off', sequence([3], 2)],
    ['is followed by a byte', sequence([3], 4)],
    ['has an indefinite length', sequence([0x80], 0)],
    ['has an indefinite length and 128 bytes', sequence([0x80], 128)],
    ['has a length of four bytes', sequence([0x84, 0, 0, 0, 1], 1)],
    ['ends in its length', Uint8Array.of(0x30, 0x82, 1)],
    ['is cut off after a long length', sequence([0x81, 0x80], 127)],
    ['is followed by a byte after a long length', sequence([0x82, 0x01, 0x02], 259)],
  ])('is refused if it %s', async (_what, bytes) => {
    expect(await readDer(bytes)).toEqual({
      problem: 'the client certificate is not a single DER value',
    })
  })
})
