import { expect, test } from 'vitest'
import { MarkCounter } from '../../src/lib/mark-counter.ts'

test('a mark is there from the first to the last entry that has it', () => {
  const marks = new MarkCounter(100)
  expect(marks.mayHave(7)).toBe(false)
  marks.add(7)
  marks.add(7)
  marks.remove(7)
  expect(marks.mayHave(7)).toBe(true)
  marks.remove(7)
  expect(marks.mayHave(7)).toBe(false)
})

test('a negative mark is counted, too', () => {
  const marks = new MarkCounter(1)
  marks.add(-1)
  expect([marks.mayHave(-1), marks.mayHave(0)]).toEqual([true, false])
})

test('a counter that is full stays full forever', () => {
  const marks = new MarkCounter(1)
  const isThereAfter = (step: 'add' | 'remove') => {
    marks[step](0)
    return marks.mayHave(0)
  }
  expect(Array.from({ length: 300 }, () => isThereAfter('add'))).not.toContain(false)
  expect(Array.from({ length: 300 }, () => isThereAfter('remove'))).not.toContain(false)
})

test('at most one in eight absent marks seems to be present if as many marks were added as expected', () => {
  const marks = new MarkCounter(1000)
  for (let at = 0; at < 1000; at += 1) marks.add(Math.imul(at, 2_654_435_761))
  const absent = Array.from({ length: 8000 }, (_, at) => Math.imul(at + 1000, 2_654_435_761))
  expect(absent.filter((mark) => marks.mayHave(mark)).length).toBeLessThanOrEqual(1000)
})

test('the memory is bounded', () => {
  const marks = new MarkCounter(2 ** 40)
  marks.add(0)
  // There are 2 to the power of 23 counters, so these two marks share one.
  expect([marks.mayHave(2 ** 23), marks.mayHave(2 ** 22)]).toEqual([true, false])
})
