import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface Measured {
  readonly kept: number
  readonly heap: number
  readonly counted: number
}

const script = fileURLToPath(new URL('cache-bytes.mjs', import.meta.url))
const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script], {
  encoding: 'utf8',
})
if (stderr) throw new Error(stderr)
const measured = Object.entries(JSON.parse(stdout) as Record<string, Measured>)

test.each(measured)(
  'the cache counts the memory it uses for tokens with this content: %s',
  (_shape, { kept, heap, counted }) => {
    expect(kept).toBe(1)
    expect(heap).toBeLessThan(1.1 * counted)
    expect(counted).toBeLessThan(4 * heap)
  },
)
