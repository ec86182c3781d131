import { expect, test } from 'vitest'
import { printable } from '../../src/lib/printable.ts'

test.each([
  ['ASCII', 'a "b" \\ c', 'a "b" \\ c'],
  ['letters and symbols of any language', 'Zoë … 注文 😀', 'Zoë … 注文 😀'],
  ['C0 and DEL', 'a\nb\u0000c\u007f', String.raw`a\u000ab\u0000c\u007f`],
  ['C1', '\u0085\u009b', String.raw`\u0085\u009b`],
  ['line and paragraph separators', '\u2028\u2029', String.raw`\u2028\u2029`],
  ['characters that change the direction of text', '\u202e\u2066', String.raw`\u202e\u2066`],
  ['characters without width', '\u200b\ufeff\u00ad', String.raw`\u200b\ufeff\u00ad`],
  ['lone surrogates', 'a\ud800b', String.raw`a\ud800b`],
  ['invisible characters outside the BMP', '\u{e0041}', String.raw`\udb40\udc41`],
])('%s: %j becomes %j', (_what, text, expected) => {
  expect(printable(text)).toBe(expected)
})
