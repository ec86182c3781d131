import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('watched-bytes.mjs', import.meta.url))

test('100,000 watched tokens take less than 50 MB, and all of them end on time', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  const { bytes, ended, active } = JSON.parse(stdout) as Record<string, number>
  expect(bytes).toBeLessThan(50e6)
  expect([ended, active]).toEqual([100_000, 0])
})
