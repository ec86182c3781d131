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

async function read(
  headers: Headers,
  source: Source,
  connection: Connection | undefined = proxy,
): Promise<string> {
  const result = await clientCertificate(
    presentationOf(headers, { connection: () => connection }),
    source,
  )
  return 'thumbprint' in result ? result.thumbprint : 'none'
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
    ['the connection does not use TLS', {}],
    ['the certificate is an empty object', { getPeerCertificate: () => ({}) }],
    ['the certificate is null', { getPeerCertificate: () => null }],
    ['raw is text', { getPeerCertificate: () => ({ raw: pem }) }],
  ])('is absent if %s', async (_what, connection) => {
    expect(await read({}, source, connection)).toBe('none')
  })

  test('is absent if the host does not expose its socket', async () => {
    expect(await clientCertificate(presentationOf({}), source)).toEqual({
      problem: 'the connection does not use TLS',
    })
  })

  test('is not looked for in a header', async () => {
    const headers = { 'client-cert': `:${der.toString('base64')}:` }
    expect(await read(headers, source)).toBe('none')
  })
})

describe('the header is read only from a named peer', () => {
  const headers = { 'client-cert': `:${der.toString('base64')}:` }
  const source = headerSource('rfc9440')

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
    ['a connection that has ended', { ...unixSocket, destroyed: true }],
    ['a connection that has a local address', { ...unixSocket, localAddress: '10.0.0.1' }],
    ['a connection without any address and without a server', { destroyed: false }],
    ['a server without an address', { server: {} }],
    ['a server that listens on a port', { server: { address: () => ({ port: 8080 }) } }],
    ['a server that does not listen', { server: { address: () => null } }],
  ])('it is ignored from %s', async (_what, connection) => {
    expect(await read(headers, source, connection)).toBe('none')
  })

  test('it is ignored if the host does not expose the peer', async () => {
    expect(await clientCertificate(presentationOf(headers), source)).toHaveProperty('problem')
  })

  test('X-Forwarded-For does not change the peer', async () => {
    const spoofed = { ...headers, 'x-forwarded-for': '10.0.0.5', forwarded: 'for=10.0.0.5' }
    expect(await read(spoofed, source, { ...proxy, remoteAddress: '10.0.0.6' })).toBe('none')
  })

  // MTLS-proxy-own-cert:
  test("the proxy's own certificate does not count", async () => {
    const connection = { ...proxy, getPeerCertificate: () => ({ raw: otherDer }) }
    expect(await read({}, source, connection)).toBe('none')
    expect(await read(headers, source, connection)).toBe(thumbprint)
  })

  test('a Unix domain socket is not accepted unless it is named', async () => {
    const named = readMtls({ from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] }) as Source
    expect(await read(headers, named, unixSocket)).toBe('none')
  })
})

describe('the format rfc9440', () => {
  const source = headerSource('rfc9440')
  const base64 = der.toString('base64')
  const longDer = Buffer.concat([Buffer.from('3083010000', 'hex'), Buffer.alloc(65_536)])

  test.each([
    ['twice in two lines', [`:${base64}:`, `:${base64}:`]],
    ['twice in one line', `:${base64}:, :${base64}:`],
    ['empty', ''],
    ['two colons', '::'],
    ['without colons', base64],
    ['with a parameter', `:${base64}:;a=b`],
    ['in PEM', pem],
    ['in base64url', `:${der.toString('base64url')}:`],
    ['without padding', `:${base64.replace(/=*$/, '')}:`],
    ['not DER', ':AAAA:'],
    ['followed by more bytes', `:${Buffer.concat([der, Buffer.of(0)]).toString('base64')}:`],
    ['cut off', `:${der.subarray(0, -1).toString('base64')}:`],
    ['very long', `:${longDer.toString('base64')}:`],
    ['a word', 'Bearer'],
  ])('is refused if it is %s', async (_what, value) => {
    expect(await read({ 'client-cert': value }, source)).toBe('none')
  })

  test.each(['x-client-cert', 'x-ssl-client-cert', 'client_cert', 'client-cert-chain'])(
    'is not read from the header %s',
    async (name) => {
      expect(await read({ [name]: `:${base64}:` }, source)).toBe('none')
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
    expect(await read({ 'x-client-cert': value }, source)).toBe('none')
  })
})

describe('the format xfcc', () => {
  const source = headerSource('xfcc')
  const cert = `Cert="${encodeURIComponent(pem)}"`
  const xfcc = (value: string): Promise<string> =>
    read({ 'x-forwarded-client-cert': value }, source)

  test.each([
    `By=spiffe://x;Hash=${hex};Subject="CN=a";${cert}`,
    `Hash=${hex}`,
    cert,
    `by=spiffe://x;hash=${hex.toUpperCase()}`,
    `By=a;By=b;URI=c;URI=d;Hash=${hex};Subject="CN=\\"a\\";,x"`,
  ])('accepts %.60s', async (value) => {
    expect(await xfcc(value)).toBe(thumbprint)
  })

  test.each([
    ['two elements', `Hash=${hex},Hash=${hex}`],
    ['an element after a quoted value', `${cert},Hash=${hex}`],
    ['a hash that is not that of the certificate', `Hash=${'0'.repeat(64)};${cert}`],
    ['two hashes', `Hash=${hex};Hash=${hex}`],
    ['a short hash', `Hash=${hex.slice(2)}`],
    ['neither hash nor certificate', 'By=spiffe://x;Subject="CN=a"'],
    ['an open quote', `Hash=${hex};Subject="CN=a`],
    ['a final semicolon', `Hash=${hex};`],
    ['nothing', ''],
    ['a certificate that is malformed', 'Cert="x"'],
    ['only a chain', `Chain="${encodeURIComponent(pem)}"`],
  ])('refuses %s', async (_what, value) => {
    expect(await xfcc(value)).toBe('none')
  })
})

test('a certificate that the caller passes is used as it is', async () => {
  const given = presentationOf({}, { certificate: der })
  expect(await clientCertificate(given, undefined)).toEqual({ thumbprint })
  expect(await clientCertificate(presentationOf({}), undefined)).toHaveProperty('problem')
})
