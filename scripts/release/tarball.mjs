// Tarballs, as npm packages are.
import { gunzipSync, gzipSync } from 'node:zlib'

const block = 512
/** Where a header says how long the file is, and the sum of the header's bytes. */
const size = { start: 124, end: 136 }
const checksum = { start: 148, end: 156 }

/**
 * Changes the text of some files of a tarball. The same input gives the same bytes.
 *
 * @param {Uint8Array} tarball gzipped
 * @param {(path: string, text: () => string) => string | undefined} change the file's new text, or
 *   `undefined` to leave it. `path` has no leading `package/`.
 * @returns {Uint8Array}
 */
export function rewriteTarball(tarball, change) {
  const parts = entriesOf(gunzipSync(tarball)).flatMap(({ path, header, content }) => {
    const text = change(path, () => content.toString('utf8'))
    const bytes = text === undefined ? content : Buffer.from(text)
    const padding = Buffer.alloc((block - (bytes.length % block)) % block)
    return [text === undefined ? header : withSize(header, bytes.length), bytes, padding]
  })
  // Two empty blocks are the end.
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * block)]), { level: 9 })
}

/** The files of a tarball by path. @type {(tarball: Uint8Array) => Map<string, Buffer>} */
export function filesInTarball(tarball) {
  return new Map(entriesOf(gunzipSync(tarball)).map(({ path, content }) => [path, content]))
}

/** @type {(tar: Buffer) => { path: string, header: Buffer, content: Buffer }[]} */
function entriesOf(tar) {
  const entries = []
  let at = 0
  while (at < tar.length && tar[at] !== 0) {
    const header = tar.subarray(at, at + block)
    const length = Number.parseInt(header.toString('latin1', size.start, size.end), 8)
    if (header.toString('latin1', 257, 262) !== 'ustar' || !Number.isInteger(length)) {
      throw new Error('This is not a tarball of the ustar format.')
    }
    const prefix = textAt(header, 345, 500)
    const name = textAt(header, 0, 100)
    const path = (prefix ? `${prefix}/${name}` : name).replace(/^package\//, '')
    entries.push({ path, header, content: tar.subarray(at + block, at + block + length) })
    at += block + Math.ceil(length / block) * block
  }
  return entries
}

/** @type {(header: Buffer, start: number, end: number) => string} */
function textAt(header, start, end) {
  const [text = ''] = header.toString('utf8', start, end).split('\0')
  return text
}

/** @type {(header: Buffer, length: number) => Buffer} */
function withSize(header, length) {
  const changed = Buffer.from(header)
  changed.write(`${length.toString(8).padStart(11, '0')}\0`, size.start, 'latin1')
  // The sum is taken with spaces in its own place.
  changed.fill(' ', checksum.start, checksum.end)
  const sum = changed.reduce((total, byte) => total + byte, 0)
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, checksum.start, 'latin1')
  return changed
}
