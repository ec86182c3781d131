import { expect, test } from 'vitest'
import { TextLists } from '../../src/lib/text-lists.ts'

const listsWith = (): { lists: TextLists; reads: string[] } => {
  const reads: string[] = []
  const lists = new TextLists((text) => {
    reads.push(text)
    return text.split(' ')
  })
  return { lists, reads }
}

test('the same string has the same frozen list', () => {
  const { lists, reads } = listsWith()
  expect(lists.get('a b')).toEqual(['a', 'b'])
  expect(lists.get('a b')).toBe(lists.get('a b'))
  expect(lists.get('a b')).toSatisfy(Object.isFrozen)
  expect(reads).toEqual(['a b'])
})

test('a string of more than 512 characters is read each time', () => {
  const { lists, reads } = listsWith()
  for (const length of [512, 513])
    for (let time = 0; time < 2; time += 1) lists.get('x'.repeat(length))
  expect(reads.map(({ length }) => length)).toEqual([512, 513, 513])
  expect(lists.get('x'.repeat(513))).toSatisfy(Object.isFrozen)
})

test('at most 256 lists are kept', () => {
  const { lists, reads } = listsWith()
  for (let at = 0; at < 256; at += 1) lists.get(String(at))
  lists.get('0')
  expect(reads.length).toBe(256)
  lists.get('one more')
  lists.get('0')
  expect(reads.length).toBe(258)
})
