import { expect, test } from 'vitest'
import { loadOnce } from '../../src/lib/load-once.ts'

test('several calls load once and return the same value', async () => {
  let loads = 0
  const load = loadOnce('something', async () => ({ loads: ++loads }))
  expect(loads).toBe(0)
  const [first, second] = await Promise.all([load(), load()])
  expect([first, second, await load()]).toEqual([{ loads: 1 }, { loads: 1 }, { loads: 1 }])
})

test.each([
  ['an error', new TypeError('the disk is full'), 'the disk is full'],
  ['an error of another realm', { message: 'the disk is full' }, 'the disk is full'],
  ['a string', 'the disk is full', 'the disk is full'],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
])(
  'a failure with %s names what was loaded, and the next call loads again',
  async (_, thrown, message) => {
    let loads = 0
    const load = loadOnce('something', async () => {
      loads += 1
      if (loads === 1) throw thrown
      return loads
    })
    await expect(load()).rejects.toThrow(`something could not be loaded: ${message}`)
    expect(await load()).toBe(2)
  },
)
