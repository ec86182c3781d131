import type { Random } from './random.ts'

type Segments = [header: string, payload: string, signature: string]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const unusual = [
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

/** Changes to the text of a token. */
const changes: readonly ((segments: Segments, random: Random, other: Segments) => string)[] = [
  // Replaces a character.
  (segments, random) => {
    const token = segments.join('.')
    return splice(token, random.below(token.length), 1, alphabet[random.below(64)]!)
  },
  (segments, random) => {
    const token = segments.join('.')
    return splice(token, random.below(token.length + 1), random.below(3), random.pick(unusual))
  },
  // Changes the last character of a segment, which has unused bits.
  (segments, random) => {
    const at = random.below(3)
    const changed = [...segments]
    changed[at] = segments[at]!.slice(0, -1) + alphabet[random.below(64)]!
    return changed.join('.')
  },
  // Uses another encoding for a segment.
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
  // Combines segments of two tokens.
  (segments, random, other) =>
    segments.map((segment, at) => (random.chance(0.5) ? segment : other[at]!)).join('.'),
  // Changes the number and the order of the segments.
  (segments, random, other) => {
    const parts = [...segments, ...other, '', 'AAAA']
    return Array.from({ length: 1 + random.below(6) }, () => random.pick(parts)).join('.')
  },
  (segments) => segments.toReversed().join('.'),
  // Flips bits of a segment.
  (segments, random) => {
    const at = random.below(3)
    const bytes = bytesOf(segments[at]!)
    for (let remaining = 1 + random.below(3); remaining > 0; remaining -= 1) {
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    }
    const changed: string[] = [...segments]
    changed[at] = bytes.toString('base64url')
    return changed.join('.')
  },
  // Replaces the signature with one of another length or without content.
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
