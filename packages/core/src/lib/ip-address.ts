/** The 16 bytes of an IPv6 address. IPv4 addresses are mapped: `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2). */
export type IpAddress = readonly number[]

const octet = /^(?:0|[1-9]\d{0,2})$/
const group = /^[\da-f]{1,4}$/i

/**
 * Parses an IP address. Accepts four decimal octets without leading zeros, and every form of IPv6 text
 * (RFC 4291 section 2.2) without a zone. Returns `undefined` for anything else, such as `127.1`.
 */
export function parseIp(text: string): IpAddress | undefined {
  if (text.includes(':')) return parseIpv6(text)
  const octets = parseIpv4(text)
  return octets && [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...octets]
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4 || !parts.every((part) => octet.test(part))) return undefined
  const octets = parts.map(Number)
  return octets.every((value) => value <= 255) ? octets : undefined
}

/** Parses IPv6 text. Unlike `parseIp`, it does not accept an IPv4 address on its own. */
export function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::', 3)
  if (halves.length > 2) return undefined
  const [head, tail] = [bytesOf(halves[0]!, halves.length === 1), bytesOf(halves[1] ?? '', true)]
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  // `::` replaces at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

/** The bytes of groups that are separated by colons. The last one may be an IPv4 address. */
function bytesOf(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':', 9)
  const bytes: number[] = []
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1
    const octets = isLast && mayEndInIpv4 ? parseIpv4(part) : undefined
    if (octets) bytes.push(...octets)
    else if (group.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255)
    else return undefined
  }
  return bytes
}

/** An address, or all addresses with the same first bits. */
export interface IpRange {
  readonly address: IpAddress
  readonly bits: number
}

/** Parses `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1` or `2001:db8::/32`. Bits after the prefix must be zero. */
export function parseIpRange(text: string): IpRange | undefined {
  const [host, length, ...rest] = text.split('/', 3) as [string, ...string[]]
  const address = parseIp(host)
  if (!address || rest.length > 0) return undefined
  if (length === undefined) return { address, bits: 128 }
  const width = host.includes(':') ? 128 : 32
  if (!octet.test(length) || Number(length) > width) return undefined
  const range = { address, bits: 128 - width + Number(length) }
  return address.every((byte, at) => (byte & ~maskAt(range.bits, at) & 255) === 0)
    ? range
    : undefined
}

export function isInRange(ip: IpAddress, { address, bits }: IpRange): boolean {
  return ip.every((byte, at) => ((byte ^ address[at]!) & maskAt(bits, at)) === 0)
}

/** The mask of one byte of an address, for a prefix of this length. */
function maskAt(bits: number, at: number): number {
  const inByte = Math.min(8, Math.max(0, bits - at * 8))
  return (0xff << (8 - inByte)) & 0xff
}
