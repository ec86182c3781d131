import { readFileSync } from 'node:fs'

/** An entry of `attacks.json`: what is sent, and the expected result. */
export interface CorpusCase {
  readonly id: string
  readonly group: string
  /** What is sent, in words. */
  readonly construction: string
  readonly expect: Expectation
  readonly source: string
  readonly note?: string
  /** The options of the service. */
  readonly config?: Readonly<Record<string, unknown>>
  /** `core` if the token does not fit in an HTTP header. */
  readonly level?: 'core'
  /** The test file that covers the case, if the runner cannot. */
  readonly tested_in?: string
  /** Why the project decides otherwise. */
  readonly excluded?: string
  /** The feature that the case requires and that is not implemented yet. */
  readonly not_built_yet?: string
}

interface Expectation {
  /** `null` if the options are refused at construction. */
  readonly status: number | null
  readonly error: string | null
  /** In the words of the corpus. Durations are checked as counted steps, or in the benchmark. */
  readonly behaviour?: string
}

/** Options that the corpus calls by an earlier name. */
const optionNames: Readonly<Record<string, string>> = { passPreflight: 'allowPreflight' }

const withCurrentOptionNames = (entry: CorpusCase): CorpusCase =>
  entry.config ? { ...entry, config: renamed(entry.config) } : entry

const renamed = (config: NonNullable<CorpusCase['config']>): NonNullable<CorpusCase['config']> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [optionNames[name] ?? name, value]),
  )

const files = ['attacks.json', 'bound-tokens.json', 'credential-source.json', 'revocation.json']

export const corpus: readonly CorpusCase[] = files
  .flatMap((file) => {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8')
    return JSON.parse(text) as CorpusCase[]
  })
  .map(withCurrentOptionNames)

/** The cases that must have a test. */
export const runnable: readonly CorpusCase[] = corpus.filter(
  (entry) =>
    entry.excluded === undefined &&
    entry.not_built_yet === undefined &&
    entry.tested_in === undefined,
)

/** The prefix of a group: `ALG` of `ALG/algorithm and signature`. */
export function groupOf({ group }: CorpusCase): string {
  return group.split('/', 1)[0]!
}
