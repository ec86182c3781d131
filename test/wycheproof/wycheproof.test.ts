import { describe, expect, test } from 'vitest'
import { howToGetThem } from '../../scripts/wycheproof.mjs'
import { exceptions } from './exceptions.ts'
import { verifyVector } from './verify-vector.ts'
import { files, folder, read } from './vectors.ts'

// Without the vectors, `npm test` reports it in its table and `.ci/run` fails.
describe.runIf(folder)(`Wycheproof${folder ? '' : ` (skipped: ${howToGetThem})`}`, () => {
  const vectors = folder ? files.map((name) => [name, read(name)] as const) : []

  test('the files contain all vectors', () => {
    const counts = vectors.map(([name, all]) => `${name} ${all.length}`)
    expect(counts).toEqual(['signature 401', 'key 26', 'crypto 83'])
  })

  test.each(vectors)(
    '%s: valid vectors are verified and invalid vectors are refused, except those in exceptions.ts',
    async (_, all) => {
      for (const vector of all) {
        const expected = vector.valid ? 'verified' : expect.not.stringMatching('verified')
        const expectedResult = exceptions[vector.id]?.code ?? expected
        expect(await verifyVector(vector), `${vector.id}: ${vector.description}`).toEqual(
          expectedResult,
        )
      }
    },
  )

  test('every exception is a valid vector', () => {
    const valid = vectors.flatMap(([, all]) => all.filter((vector) => vector.valid))
    const ids = valid.map(({ id }) => id)
    expect(Object.keys(exceptions).filter((id) => !ids.includes(id))).toEqual([])
  })
})
