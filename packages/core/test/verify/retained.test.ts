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

test('the memory of a process holds what a remembered token says, and not the token', () => {
  expect(heapOf('remembered')).toEqual({ tokens: 0, claims: 1 })
})

test('a token that somebody keeps would be found', () => {
  expect(heapOf('kept').tokens).toBeGreaterThan(0)
})
