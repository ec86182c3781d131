/**
 * Synchronous SHA-256 (FIPS 180-4) and HMAC (RFC 2104), for runtimes that offer only asynchronous ones.
 * Decision records are built synchronously so that they stay in order. Use this for decision records
 * only: `hmacSha256Async` seals key sets, and no verification depends on this file.
 */

const blockSize = 64

/** The first 32 bits of the fractional parts of the roots of the first primes (sections 4.2.2, 5.3.3). */
function rootsOfPrimes(count: number, root: (prime: number) => number): Uint32Array {
  const words: number[] = []
  for (let candidate = 2; words.length < count; candidate += 1)
    if (isPrime(candidate)) words.push((root(candidate) % 1) * 2 ** 32)
  return Uint32Array.from(words)
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1)
    if (candidate % divisor === 0) return false
  return true
}

const initialState = rootsOfPrimes(8, Math.sqrt)
const constants = rootsOfPrimes(64, Math.cbrt)

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** SHA-256 of the message. */
export function digest(message: Uint8Array): Uint8Array {
  const padded = pad(message)
  const state = Uint32Array.from(initialState)
  for (let at = 0; at < padded.byteLength; at += blockSize)
    compress(state, new DataView(padded.buffer, at, blockSize))
  const result = new DataView(new ArrayBuffer(32))
  for (const [index, word] of state.entries()) result.setUint32(index * 4, word)
  return new Uint8Array(result.buffer)
}

/** Section 5.1.1: appends a one bit, zeros, and the length in bits. */
function pad(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / blockSize) * blockSize)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n)
  return padded
}

/** Section 6.2.2, steps 2 to 4. */
function compress(state: Uint32Array, block: DataView): void {
  const schedule = scheduleOf(block)
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let round = 0; round < 64; round += 1) {
    const mixed = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + mixed + choice + constants[round]! + schedule[round]!) | 0
    const second = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second + majority) | 0]
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index]! += word
}

/** Section 6.2.2, step 1: the message schedule. */
function scheduleOf(block: DataView): Int32Array {
  const words = new Int32Array(64)
  for (let at = 0; at < 16; at += 1) words[at] = block.getInt32(at * 4)
  for (let at = 16; at < 64; at += 1) {
    const [early, late] = [words[at - 15]!, words[at - 2]!]
    const small = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    const large = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    words[at] = words[at - 16]! + small + words[at - 7]! + large
  }
  return words
}

/** HMAC-SHA-256: RFC 2104 section 2. */
export function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockSize)
  block.set(key.length > blockSize ? digest(key) : key)
  const inner = digest(
    concatenate(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  )
  return digest(
    concatenate(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  )
}

function concatenate(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}
