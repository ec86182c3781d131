import { describe, expect, test } from 'vitest'
import { readMtls } from '../../src/config/mtls.ts'
import { ConfigError } from '../../src/errors/refusal.ts'
import { parseIpRange } from '../../src/lib/ip-address.ts'

const header = { from: 'header', format: 'rfc9440', peers: ['10.0.0.5'] }
const peersOf = (...addresses: readonly string[]): object => ({
  ranges: addresses.map((address) => parseIpRange(address)),
  unixSocket: false,
})

describe('mtls', () => {
  test.each<readonly [options: object, settings: object]>([
    [{ from: 'socket' }, { from: 'socket' }],
    [{ checkedBy: 'gateway' }, { from: 'gateway' }],
    [header, { ...header, header: 'Client-Cert', peers: peersOf('10.0.0.5') }],
    [
      { ...header, format: 'xfcc' },
      { ...header, format: 'xfcc', header: 'X-Forwarded-Client-Cert', peers: peersOf('10.0.0.5') },
    ],
    [
      { ...header, format: 'nginx-pem', header: 'X-Client-Cert' },
      { ...header, format: 'nginx-pem', header: 'X-Client-Cert', peers: peersOf('10.0.0.5') },
    ],
  ])('%j becomes frozen settings', (options, settings) => {
    const read = readMtls(options)
    expect(read).toStrictEqual(settings)
    expect(Object.isFrozen(read)).toBe(true)
  })

  test.each([
    {},
    { from: 'gateway' },
    { from: 'proxy' },
    { checkedBy: 'proxy' },
    { from: 'socket', checkedBy: 'proxy' },
  ])('%j does not say where the certificate comes from', (options) => {
    expect(() => readMtls(options)).toThrow(
      new ConfigError(
        "'mtls' does not say where the client certificate comes from.",
        'Use {"from":"socket"} or {"from":"header","format":"rfc9440","peers":["10.0.0.5"]} or {"checkedBy":"gateway"}.',
      ),
    )
  })

  test.each([
    ['socket', 'An object of mtls options is required, got a string.'],
    [{ from: 'socket', peers: ['10.0.0.5'] }, "Unknown mtls option 'peers'. Use one of from."],
    [{ from: 'socket', checkedBy: 'gateway' }, "Unknown mtls option 'from'."],
    [{ ...header, checkedby: 'gateway' }, "Unknown mtls option 'checkedby'. Use one of from,"],
    [{ ...header, header: undefined }, "'header' is undefined."],
  ])('%j is refused: %s', (options, message) => {
    expect(() => readMtls(options)).toThrow(message)
  })
})

test.each([undefined, null, 'pem', 'toString', ['xfcc']])('the format %j is refused', (format) => {
  expect(() => readMtls({ from: 'header', peers: ['unix'], ...(format && { format }) })).toThrow(
    new ConfigError(
      "'mtls.format' must be 'rfc9440', 'xfcc' or 'nginx-pem'.",
      'Name the format in which the proxy writes the certificate.',
    ),
  )
})

test.each([
  ['', 'a string'],
  ['X_Client_Cert', 'a string'],
  ['X-Client-Cert:', 'a string'],
  [' X-Client-Cert', 'a string'],
  [null, 'null'],
  [['X-Client-Cert'], 'an array'],
])('the header %j is refused', (name, kind) => {
  expect(() => readMtls({ ...header, header: name })).toThrow(
    new ConfigError(
      `'mtls.header' must be the name of a header, got ${kind}.`,
      'Use letters, digits and hyphens, as in X-Client-Cert. Some proxies do not tell other characters apart.',
    ),
  )
})

test('the header of nginx must be named', () => {
  expect(() => readMtls({ ...header, format: 'nginx-pem' })).toThrow(
    "'mtls.header' must be the name of a header, got undefined.",
  )
})

describe('the peers', () => {
  const read = (peers: unknown): object => readMtls({ ...header, peers })

  test('are addresses, blocks, and Unix sockets', () => {
    const peers = ['10.0.0.5', '10.1.0.0/16', '2001:db8::/32', '0.0.0.0/1', '128.0.0.0/1']
    expect(read(peers)).toHaveProperty('peers', peersOf(...peers))
    expect(read(['unix'])).toHaveProperty('peers', { ranges: [], unixSocket: true })
    expect(read(['10.0.0.5', 'unix'])).toHaveProperty('peers', {
      ...peersOf('10.0.0.5'),
      unixSocket: true,
    })
    expect(Object.isFrozen((read(peers) as { peers: object }).peers)).toBe(true)
  })

  test.each([
    undefined,
    [],
    '10.0.0.5',
    [10],
    ['Unix'],
    ['10.0.0.5', 'proxy'],
    ['0.0.0.0/0'],
    ['10.0.0.5', '::/0'],
    ['::ffff:0:0/96'],
  ])('%j are refused', (peers) => {
    const given = { from: 'header', format: 'rfc9440', ...(peers !== undefined && { peers }) }
    expect(() => readMtls(given)).toThrow(
      new ConfigError(
        "'mtls.peers' must be a non-empty list of IP addresses, CIDR blocks, or 'unix'.",
        "Name the proxies that may set the header: ['10.0.0.5'], ['10.1.0.0/16'], or ['unix'].",
      ),
    )
  })
})
