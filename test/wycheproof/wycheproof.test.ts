import { describe, expect, test } from 'vitest'
import { howToGetThem } from '../../scripts/wycheproof.mjs'
import { exceptions } from './exceptions.ts'
import { judge } from './verify-vector.ts'
import { files, folder, read } from './vectors.ts'

// `npm test` says it in its table, and `.ci/run` fails.
describe.runIf(folder)(`Wycheproof${folder ? '' : ` is not run. ${howToGetThem}`}`, () => {
  const vectors = folder ? files.map((name) => [name, read(name)] as const) : []

  test('all of the vectors are here', () => {
    const counts = vectors.map(([name, all]) => `${name} ${all.length}`)
    expect(counts).toEqual(['signature 401', 'key 26', 'crypto 83'])
  })

  test.each(vectors)('%s: valid ones verify and invalid ones do not', async (_, all) => {
    for (const vector of all) {
      const expected = vector.valid ? 'verified' : expect.not.stringMatching('verified')
      const verdict = exceptions[vector.id]?.code ?? expected
      expect(await judge(vector), `${vector.id}: ${vector.what}`).toEqual(verdict)
    }
  })

  test('no exception is listed that is none', () => {
    const valid = vectors.flatMap(([, all]) => all.filter((vector) => vector.valid))
    const ids = valid.map(({ id }) => id)
    expect(Object.keys(exceptions).filter((id) => !ids.includes(id))).toEqual([])
  })
})
