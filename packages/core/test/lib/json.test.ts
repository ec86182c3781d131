import { describe, expect, test } from 'vitest'
import {
  hasAny,
  isJsonObject,
  JsonError,
  own,
  ownMembers,
  parseJsonBody,
  parseJsonObject,
} from '../../src/lib/json.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
const nestedLists = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
const wide = (depth: number): string =>
  `{"a":${'[1,true,'.repeat(depth - 1)}2${']'.repeat(depth - 1)}}`

const accepted: readonly (readonly [what: string, text: string])[] = [
  ['an empty object', '{}'],
  ['white space between all tokens', ' \t\r\n{ "a" : [ 1 , { } ] , "b" : null } \n'],
  ['the same name in two objects', '{"a":{"a":1},"b":{"a":2}}'],
  ['the same name in objects of a list', '{"list":[{"a":1},{"a":2}]}'],
  ['a name that is also a value', '{"a":"b","b":"a"}'],
  ['names and values with escapes', String.raw`{"a\"":"\\","b\\":"\"}"}`],
  ['structure inside a string', '{"a":"{\\"a\\":[1,2]}","b":"}]{["}'],
  ['a colon after a string in a string', String.raw`{"a":"\"b\":"}`],
  ['a surrogate pair', String.raw`{"a":"\ud83d\ude00"}`],
  ['letters outside ASCII', '{"ä":"ö","名":"😀"}'],
  ['a replacement character', '{"a":"\uFFFD"}'],
  ['many objects side by side', `{"a":[${Array.from({ length: 40 }, () => '{"b":{}}').join()}]}`],
  ['many lists side by side', `{"a":[${Array.from({ length: 40 }, () => '[[]]').join()}]}`],
  ['the maximum depth of objects', nested(32)],
  ['the maximum depth of lists', nestedLists(31)],
  ['the maximum depth, with siblings on each level', wide(32)],
]

const refused: readonly (readonly [what: string, text: string, why: string])[] = [
  ['an empty text', '', 'not JSON'],
  ['a list', '[]', 'not a JSON object'],
  ['a string', '"a"', 'not a JSON object'],
  ['a number', '1', 'not a JSON object'],
  ['null', 'null', 'not a JSON object'],
  ['two objects', '{}{}', 'not JSON'],
  ['a trailing comma', '{"a":1,}', 'not JSON'],
  ['a single quote', "{'a':1}", 'not JSON'],
  ['an unclosed string', '{"a', 'not JSON'],
  ['an escape at the end', '{"a\\', 'not JSON'],
  ['an unclosed object', '{"a":1', 'not JSON'],
  ['a line feed in a string', '{"a":"\n"}', 'not JSON'],
  ['a member outside an object', '"a":1', 'not JSON'],
  ['an extra closing brace', '{}}', 'not JSON'],
  ['NaN', '{"a":NaN}', 'not JSON'],
  ['a comment', '{/* */}', 'not JSON'],
  ['a byte order mark', '\uFEFF{}', 'not JSON'],
  ['a no-break space', '{\u00a0}', 'not JSON'],
  ['a name twice', '{"a":1,"a":1}', 'duplicate member "a"'],
  [
    'a name twice, once with an escape',
    String.raw`{"aud":1,"\u0061ud":2}`,
    'duplicate member "aud"',
  ],
  [
    'a name twice in a nested object',
    '{"a":[{"b":{"c":1,"c":2}}]}',
    'duplicate member "c" in "a[0].b"',
  ],
  [
    'a name twice, with other members in between',
    '{"a":1,"b":{"a":1},"c":[],"a":2}',
    'duplicate member "a"',
  ],
  [
    'a name twice, next to strings that look like members',
    String.raw`{"x":["a:","\\\"a\":",{"a":{}}],"a" : "{\"a\":1}", "k":[1,[2,{"y":0,"y" :1}]]}`,
    'duplicate member "y" in "k[1][1]"',
  ],
  [
    'a name twice that would break a line of the log',
    String.raw`{"\n\u202e\u2028\u0085":1,"\n\u202e\u2028\u0085":2}`,
    String.raw`duplicate member "\u000a\u202e\u2028\u0085"`,
  ],
  [
    'a name twice, after values that are also names',
    '{"a":"b","b":"a","c":"c","d":1,"d":2}',
    'duplicate member "d"',
  ],
  [
    'a name with escaped quotes twice',
    String.raw`{"a\"b\\":1,"a\"b\\":2}`,
    String.raw`duplicate member "a\"b\\"`,
  ],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'duplicate member "__proto__"'],
  ['a high surrogate alone', String.raw`{"a":"\ud83d"}`, 'lone surrogate'],
  ['a low surrogate alone', String.raw`{"a":"\ude00x"}`, 'lone surrogate'],
  ['a lone surrogate in a name', String.raw`{"\ud83d":1}`, 'lone surrogate'],
  ['a surrogate pair in the wrong order', String.raw`{"a":"\ude00\ud83d"}`, 'lone surrogate'],
  ['one object too deep', nested(33), 'nested deeper'],
  ['one list too deep', nestedLists(32), 'nested deeper'],
  ['one level too deep, with siblings on each level', wide(33), 'nested deeper than 32'],
  ['a string that is not JSON and has as many braces', `x${nested(33)}`, 'not JSON'],
  ['ten thousand levels', nested(10_000), 'nested deeper'],
]

test.each(accepted)('parseJsonObject accepts %s', (_what, text) => {
  expect(parseJsonObject(bytes(text))).toEqual(JSON.parse(text))
})

test.each(refused)('parseJsonObject refuses %s', (_what, text, why) => {
  const parse = (): unknown => parseJsonObject(bytes(text))
  expect(parse).toThrow(JsonError)
  expect(parse).toThrow(why.startsWith('duplicate') ? new JsonError(why) : why)
})

test.each([
  ['a byte that never occurs in UTF-8', [0xff]],
  ['an overlong encoding of a slash', [0xc0, 0xaf]],
  ['an incomplete character', [0xc3]],
  ['an incomplete character as long as its replacement', [0xf0, 0x9f, 0x98]],
  ['an encoded surrogate', [0xed, 0xa0, 0x80]],
  ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
])('parseJsonObject refuses %s', (_what, invalid) => {
  const text = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(invalid), Buffer.from('"}')])
  expect(() => parseJsonObject(text)).toThrow('not well-formed UTF-8')
})

describe('parseJsonObject and the prototype', () => {
  const spellings = ['"__proto__"', String.raw`"\u005f_proto__"`]

  test.each(spellings)(
    'the member %s is dropped at any depth, and the prototype stays the same',
    (name) => {
      const text = `{${name}:{"sub":"admin"},"act":{${name}:{"sub":"admin"},"list":[{${name}:1}]}}`
      const value = parseJsonObject(bytes(text))
      expect(value).toEqual({ act: { list: [{}] } })
      expect(Object.hasOwn(value, '__proto__')).toBe(false)
      expect(Object.getPrototypeOf({ ...value })).toBe(Object.prototype)
    },
  )

  test.each(spellings)('the member %s is dropped if it is the only one', (name) => {
    expect(Object.keys(parseJsonObject(bytes(`{${name}:1}`)))).toEqual([])
  })

  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'own() does not return the inherited %s',
    (name) => {
      expect(own(parseJsonObject(bytes('{}')), name)).toBeUndefined()
    },
  )

  test('own() returns a claim with the name of a method', () => {
    expect(own(parseJsonObject(bytes('{"toString":1}')), 'toString')).toBe(1)
  })
})

test('parseJsonObject does not count members that a polluted prototype adds', () => {
  const polluted = Object.prototype as { sub?: string }
  polluted.sub = 'admin'
  try {
    const value = parseJsonObject(bytes('{"a":{"b":2}}'))
    expect(Object.keys(value)).toEqual(['a'])
  } finally {
    delete polluted.sub
  }
})

describe('parseJsonBody', () => {
  const lists = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

  test.each([
    ['a list', '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['text', '"a"', 'a'],
    ['null', 'null', null],
    ['a lone surrogate', String.raw`{"a":"\ud83d"}`, { a: '\ud83d' }],
    ['an object', '{"a":{"b":[]}}', { a: { b: [] } }],
  ])('accepts %s', (_what, text, value) => {
    expect(parseJsonBody(bytes(text))).toEqual(value)
  })

  test('accepts 128 levels and refuses 129', () => {
    expect(parseJsonBody(bytes(lists(128)))).toHaveLength(1)
    expect(() => parseJsonBody(bytes(lists(129)))).toThrow('nested deeper than 128')
  })

  test.each([
    ['a duplicate member', '[{"a":1,"a":2}]', 'duplicate member'],
    ['a duplicate member with an escape', String.raw`[{"a":1,"\u0061":2}]`, 'duplicate member'],
    ['a byte order mark', '\uFEFF[]', 'not JSON'],
    ['an empty text', '', 'not JSON'],
  ])('refuses %s', (_what, text, why) => {
    const parse = (): unknown => parseJsonBody(bytes(text))
    expect(parse).toThrow(JsonError)
    expect(parse).toThrow(why)
  })

  test('refuses malformed UTF-8', () => {
    expect(() => parseJsonBody(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('not well-formed UTF-8')
  })

  test('drops members named __proto__', () => {
    const value = parseJsonBody(bytes('[{"__proto__":{"a":1},"b":2}]'))
    expect(value).toEqual([{ b: 2 }])
    expect(Object.getPrototypeOf((value as object[])[0])).toBe(Object.prototype)
  })
})

test('isJsonObject accepts objects, but neither lists nor null', () => {
  const values = [{}, { a: 1 }, [], null, undefined, 'x', 1, true]
  expect(values.map(isJsonObject)).toEqual([true, true, ...Array.from({ length: 6 }, () => false)])
})

test('hasAny tells whether the object itself has one of the names', () => {
  expect(hasAny({ a: undefined }, ['b', 'a'])).toBe(true)
  expect(hasAny({ a: 1 }, ['b', 'toString'])).toBe(false)
  expect(hasAny({ a: 1 }, [])).toBe(false)
})

test('ownMembers copies the own members of an object, and inherits nothing', () => {
  const inherited = Object.create({ a: 1 }) as object
  expect(ownMembers(Object.assign(inherited, { b: 2 }))).toEqual({ b: 2 })
  expect(Object.getPrototypeOf(ownMembers({}))).toBeNull()
})

test.each([undefined, null, 'abc', ['a']])('ownMembers of %j is empty', (value) => {
  expect(ownMembers(value)).toEqual({})
})
