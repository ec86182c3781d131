import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('retained.mjs', import.meta.url))

function heapOf(what: string): { tokens: number; claims: number } {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, what], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test('the heap contains the claims of a cached token, but not the token', () => {
  expect(heapOf('cached')).toEqual({ tokens: 0, claims: 1 })
})

test('the search finds a token that is kept on purpose', () => {
  expect(heapOf('kept').tokens).toBeGreaterThan(0)
})
