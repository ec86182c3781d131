import { describe, expect, test } from 'vitest'
import { isInRange, parseIp, parseIpRange, parseIpv6 } from '../../src/lib/ip-address.ts'

describe('parseIp', () => {
  test.each([
    ['::1', '0:0:0:0:0:0:0:1'],
    ['2001:DB8::', '2001:db8:0:0:0:0:0:0'],
    ['::0001', '::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:0.7.0.8'],
    ['1::8', '1:0:0:0:0:0:0:8'],
    ['1::3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ])('%s is the same address as %s', (one, other) => {
    expect(parseIp(one)).toBeDefined()
    expect(parseIp(one)).toEqual(parseIp(other))
  })

  test.each([
    '',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.256',
    '127.0.0.1.1',
    '127.0.0.01',
    '127.0.0.1 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '1::2:3:4:5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '1.2.3.4:5:6:7:8:9:a',
    '::1.2.3.4:5',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('returns undefined for %j', (text) => {
    expect(parseIp(text)).toBeUndefined()
  })
})

test('parseIpv6 does not accept an IPv4 address', () => {
  expect(parseIpv6('127.0.0.1')).toBeUndefined()
})

describe('isInRange', () => {
  test.each([
    ['10.0.0.5', '10.0.0.5', true],
    ['10.0.0.5', '10.0.0.6', false],
    ['10.0.0.5/32', '10.0.0.5', true],
    ['10.0.0.5/32', '10.0.0.4', false],
    ['2001:db8::1/128', '2001:db8::1', true],
    ['2001:db8::1/128', '2001:db8::', false],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.0.0.0/9', '10.127.0.1', true],
    ['10.0.0.0/9', '10.128.0.1', false],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::/0', '10.0.0.5', true],
    ['10.0.0.5', '::ffff:10.0.0.5', true],
  ])('%s contains %s: %s', (range, address, expected) => {
    expect(isInRange(parseIp(address)!, parseIpRange(range)!)).toBe(expected)
  })

  test.each([
    '10.0.0.5/33',
    '10.0.0.5/24',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    '2001:db8::1/32',
    'proxy',
    '',
  ])('the range %j is malformed', (range) => {
    expect(parseIpRange(range)).toBeUndefined()
  })
})
