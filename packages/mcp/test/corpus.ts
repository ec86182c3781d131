import { readFileSync } from 'node:fs'

/** An entry of `corpus/mcp.json`: what is sent, in words, and the expected result. */
export interface CorpusCase {
  readonly id: string
  readonly construction: string
  readonly expect: {
    readonly status: number
    readonly error: string | null
    readonly wwwAuthenticate?: string
    readonly behaviour?: string
  }
  readonly source: string
  readonly policy_choice?: boolean
}

const file = new URL('corpus/mcp.json', import.meta.url)

export const corpus = (JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: CorpusCase[] })
  .cases
