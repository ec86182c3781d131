import { codes } from '@resource-server/core'
import {
  cases,
  type ExpectedResponse,
  misconfigurations,
  requirements,
  startConformance,
} from '@resource-server/testing/conformance'
import { describe, expect, test } from 'vitest'
import { hosts } from '../hosts/index.ts'
import { groups } from '../security/attacks/index.ts'
import { corpus, type CorpusCase, groupOf } from '../security/corpus/corpus.ts'

// Everything that the suite leaves out is listed here, with the reason.

/** Attacks of the groups HTTP, SCP and LEAK that cannot be sent as bytes. test/security covers them. */
const notSentAsBytes: Readonly<Record<string, string>> = {
  'HTTP-array': 'only serverless shims turn a header into an array',
  'SCP-10k': "longer than Node's header limit, so it is sent to core only",
  'LEAK-forward': 'concerns requests that we send, not requests that a host receives',
  'LEAK-timing-cmp': 'concerns how values are compared, not the response',
  'LEAK-timing-kid': 'concerns response times, which tests do not measure; the key set is public',
}

/** Cases whose status differs from the corpus, with the reason. */
const differentStatus: Readonly<Record<string, string>> = {
  'HTTP-error-mount': "an exception is a bug or misuse: the framework's 500 (design section 6)",
  'HTTP-fastify-encaps': 'reading the token of a route without a guard throws, which is a 500',
}

const entries = corpus.filter((entry) => ['HTTP', 'SCP', 'LEAK'].includes(groupOf(entry)))
const required = entries.filter((entry) => !entry.excluded && !entry.not_built_yet)
const all = [...cases, ...misconfigurations]
const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id)

test('the ids of the cases are unique', () => {
  expect(new Set(idsOf(all)).size).toBe(all.length)
})

test('every code is expected by a case', () => {
  const covered = cases.flatMap((each) => each.expect.map(({ record }) => record?.code))
  expect(Object.keys(codes).filter((code) => !covered.some((one) => one === code))).toEqual([])
})

test('every requirement is proved by a case and cites its source', () => {
  const proved = all.flatMap(({ proves }) => proves)
  expect(Object.keys(requirements).toSorted()).toEqual([...new Set(proved)].toSorted())
  for (const { source } of Object.values(requirements)) {
    expect(source).toMatch(/^(RFC \d{4} section \d|design (rule|section) \d)/)
  }
})

test('every attack of the groups HTTP, SCP and LEAK is covered by a case or listed as left out', () => {
  const covered = all.flatMap(({ corpus: ids = [] }) => ids)
  const missing = idsOf(required).filter((id) => !covered.includes(id))
  expect(missing.toSorted()).toEqual(Object.keys(notSentAsBytes).toSorted())
  const unknown = covered.filter((id) => !idsOf(entries).includes(id))
  expect(unknown).toEqual([])
})

test.each(Object.entries(notSentAsBytes))('%s is covered by test/security: %s', (id) => {
  expect(Object.keys(groups[id.split('-')[0]!]!)).toContain(id)
})

describe('the status and the error are those of the corpus', () => {
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const pairs = cases.flatMap((each) =>
    (each.corpus ?? []).map((id) => [id, each.id, each, byId.get(id)!] as const),
  )

  test.each(pairs)('%s in case %s', (id, _case, { expect: [expected] }, entry) => {
    if (Object.hasOwn(differentStatus, id)) return expect(expected?.status).toBe(500)
    expect(expected).toMatchObject({ status: entry.expect.status })
    if (expected?.challenges) expect(errorIn(expected.challenges)).toBe(entry.expect.error)
  })

  test.each(misconfigurations.flatMap(({ id, corpus: ids = [] }) => ids.map((one) => [one, id])))(
    '%s in misconfiguration %s',
    (id) => {
      expect(byId.get(id)?.expect).toMatchObject({ status: null, error: 'config_error' })
    },
  )
})

function errorIn(
  challenges: NonNullable<ExpectedResponse['challenges']>,
): CorpusCase['expect']['error'] {
  return /\berror="(\w+)"/.exec(challenges.join())?.[1] ?? null
}

test('a host cannot leave out a case', () => {
  expect(new Set(hosts.map(({ name }) => name)).size).toBe(hosts.length)
  expect(hosts.map(({ name }) => name)).toEqual(expect.arrayContaining(['Express 5', 'Express 4']))
  for (const { hidesConnection: _, ...host } of hosts) {
    expect(Object.keys(host).toSorted()).toEqual(['name', 'start'])
  }
})

test('a host that hides its connections leaves out nothing but the cases that compare certificates', async () => {
  const hidden = await startConformance({
    name: 'hidden',
    hidesConnection: true,
    start: () => Promise.reject(new Error('not started')),
  })
  await hidden.close()
  const left = cases.filter((each) => !hidden.cases.includes(each)).map(({ id }) => id)
  expect(left).toEqual(['certificate-missing'])
  // Of the hosts, those whose guards get nothing but a request of the Fetch standard.
  const hiding = hosts.filter(({ hidesConnection }) => hidesConnection).map(({ name }) => name)
  expect(hiding).toEqual(['fetch with Hono', 'Hono 4', 'MCP on a fetch host'])
})
