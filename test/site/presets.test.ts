import { expect, test } from 'vitest'
import { evaluate } from '../../site/live/evaluate.ts'
import { createKeys } from '../../site/live/mint.ts'
import { presets } from '../../site/live/presets.ts'
const keys = await createKeys()
test.each(presets)('$id', async ({ inputs }) => {
  const r = await evaluate(
    inputs({ now: Math.floor(Date.now() / 1000), thumbprint: keys.thumbprint }),
    keys,
  )
  console.log(
    JSON.stringify(
      r.kind === 'decision' ? { ...r, decoded: undefined, token: undefined } : r,
      undefined,
      1,
    ),
  )
  expect(r.kind).toBe('decision')
})
