import { readFileSync } from 'node:fs'

/** One line of `corpus/attacks.json`: what is sent, and what must come of it. */
export interface CorpusCase {
  readonly id: string
  readonly group: string
  readonly construction: string
  readonly expect: Expectation
  readonly source: string
  readonly note?: string
  /** Options to run it under. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Only below HTTP: no header is long enough for it. */
  readonly level?: 'core'
  /** Why we decide otherwise. */
  readonly excluded?: string
  /** What it waits for. */
  readonly not_built_yet?: string
}

interface Expectation {
  /** `null`: refused when the options are read. */
  readonly status: number | null
  readonly error: string | null
  /** In the words of the corpus. Its times are counted steps here, or stand in the benchmark. */
  readonly behaviour?: string
}

export const corpus: readonly CorpusCase[] = JSON.parse(
  readFileSync(new URL('attacks.json', import.meta.url), 'utf8'),
) as CorpusCase[]

export const open: readonly CorpusCase[] = corpus.filter(
  (entry) => entry.excluded === undefined && entry.not_built_yet === undefined,
)

/** `ALG` of `ALG/algorithm and signature`. */
export function groupOf({ group }: CorpusCase): string {
  return group.split('/', 1)[0]!
}
