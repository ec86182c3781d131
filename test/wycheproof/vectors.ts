import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { wycheproofFolder } from '../../scripts/wycheproof.mjs'

type Json = Readonly<Record<string, unknown>>

export interface Vector {
  /** The file and the test id, as in exceptions.ts. */
  readonly id: string
  readonly description: string
  /** A JWS or a JWE. An object is a JSON serialization. */
  readonly token: unknown
  readonly encrypted: boolean
  readonly valid: boolean
  /** The key set of the vector's group. */
  readonly keys: readonly Json[]
}

interface File {
  readonly testGroups: readonly {
    readonly comment: string
    readonly public?: Json
    readonly private: Json
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly jws?: unknown
      readonly jwe?: unknown
      readonly result: 'valid' | 'invalid'
    }[]
  }[]
}

export const files = ['signature', 'key', 'crypto'] as const

export const folder: string | undefined = wycheproofFolder()

export function read(name: (typeof files)[number]): readonly Vector[] {
  const path = join(folder!, `json_web_${name}_test.json`)
  const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as File
  return testGroups.flatMap((group) => {
    const published = group.public ?? group.private
    const keys = (published['keys'] ?? [published]) as readonly Json[]
    return group.tests.map(({ tcId, comment, jws, jwe, result }) => ({
      id: `${name} ${tcId}`,
      description: `${group.comment}, ${comment}`,
      token: jws ?? jwe,
      encrypted: jws === undefined,
      valid: result === 'valid',
      keys,
    }))
  })
}
