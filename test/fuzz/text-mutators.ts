import type { Random } from './random.ts'

type Segments = [header: string, payload: string, signature: string]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const strange = [
  '=',
  '==',
  '+',
  '/',
  '.',
  '..',
  ' ',
  '\n',
  '\t',
  '\0',
  '~',
  ',',
  '%',
  'é',
  '\uff0e',
  '\u200b',
]

const splice = (text: string, at: number, count: number, insert: string): string =>
  text.slice(0, at) + insert + text.slice(at + count)

const bytesOf = (segment: string): Buffer => Buffer.from(segment, 'base64url')

/** Changes of a token's text that leave its signature as it was, or spoil it. */
const changes: readonly ((segments: Segments, random: Random, other: Segments) => string)[] = [
  // A character.
  (segments, random) => {
    const token = segments.join('.')
    return splice(token, random.below(token.length), 1, alphabet[random.below(64)]!)
  },
  (segments, random) => {
    const token = segments.join('.')
    return splice(token, random.below(token.length + 1), random.below(3), random.pick(strange))
  },
  // The last character, where unused bits hide.
  (segments, random) => {
    const at = random.below(3)
    const changed = [...segments]
    changed[at] = segments[at]!.slice(0, -1) + alphabet[random.below(64)]!
    return changed.join('.')
  },
  // Another spelling of base64.
  (segments, random) => {
    const at = random.below(3)
    const changed: string[] = [...segments]
    changed[at] = random.pick([
      segments[at]!.replaceAll('-', '+').replaceAll('_', '/'),
      `${segments[at]}=`,
      `${segments[at]}A`,
      bytesOf(segments[at]!).toString('base64'),
      bytesOf(segments[at]!).toString('hex'),
    ])
    return changed.join('.')
  },
  // Parts of two tokens.
  (segments, random, other) =>
    segments.map((segment, at) => (random.chance(0.5) ? segment : other[at]!)).join('.'),
  // Fewer, more, or in another order.
  (segments, random, other) => {
    const parts = [...segments, ...other, '', 'AAAA']
    return Array.from({ length: 1 + random.below(6) }, () => random.pick(parts)).join('.')
  },
  (segments) => segments.toReversed().join('.'),
  // Bytes of a segment.
  (segments, random) => {
    const at = random.below(3)
    const bytes = bytesOf(segments[at]!)
    for (let left = 1 + random.below(3); left > 0; left -= 1) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    }
    const changed: string[] = [...segments]
    changed[at] = bytes.toString('base64url')
    return changed.join('.')
  },
  // Signatures of other lengths and of nothing.
  ([header, payload, signature], random) => {
    const bytes = bytesOf(signature)
    const forged = random.pick([
      Buffer.alloc(bytes.length),
      Buffer.alloc(bytes.length, 0xff),
      bytes.subarray(0, random.below(bytes.length)),
      Buffer.concat([bytes, Buffer.alloc(1 + random.below(4))]),
      Buffer.concat([Buffer.of(0x30, bytes.length), bytes]),
      bytes.toReversed(),
    ])
    return `${header}.${payload}.${Buffer.from(forged).toString('base64url')}`
  },
]

export function mutateText(token: string, random: Random, other: string): string {
  const change = random.pick(changes)
  return change(token.split('.') as Segments, random, other.split('.') as Segments)
}
