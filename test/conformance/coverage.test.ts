import { codes } from '@resource-server/core'
import { cases, constructions, requirements } from '@resource-server/testing/conformance'
import { describe, expect, test } from 'vitest'
import { corpus, type CorpusCase, groupOf } from '../security/corpus/corpus.ts'
import { groups } from '../security/attacks/index.ts'
import { hosts } from '../hosts/index.ts'

// What the suite leaves out is left out by name, and for a reason that stands here.

/** Attacks of the groups HTTP, SCP and LEAK that no bytes can make. test/security makes them. */
const elsewhere: Readonly<Record<string, string>> = {
  'HTTP-array': 'no socket makes a list of a header; serverless shims do',
  'SCP-10k': "longer than Node's headers may be: the corpus puts it to core",
  'LEAK-forward': 'about requests that we send, not about those that a host gets',
  'LEAK-timing-kid': 'a time, and tests assert none; which keys there are is public',
}

/** Where the suite expects another status than the corpus says, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'HTTP-error-mount': 'what throws is a bug or a misuse: the 500 of the host (design section 6)',
  'HTTP-fastify-encaps': 'a route without a guard: asking for its token throws, which is a 500',
}

const entries = corpus.filter((entry) => ['HTTP', 'SCP', 'LEAK'].includes(groupOf(entry)))
const wanted = entries.filter((entry) => !entry.excluded && !entry.not_built_yet)
const all = [...cases, ...constructions]
const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id)

test('every case has an id of its own', () => {
  expect(new Set(idsOf(all)).size).toBe(all.length)
})

test('every code is met by a case', () => {
  const met = cases.flatMap((each) => each.expect.map(({ record }) => record?.code))
  expect(Object.keys(codes).filter((code) => !met.some((one) => one === code))).toEqual([])
})

test('every requirement is cited by a case, and says where it is written', () => {
  const cited = all.flatMap(({ proves }) => proves)
  expect(Object.keys(requirements).toSorted()).toEqual([...new Set(cited)].toSorted())
  for (const { source } of Object.values(requirements)) {
    expect(source).toMatch(/^(RFC \d{4} section \d|design (rule|section) \d)/)
  }
})

test('every attack of the groups HTTP, SCP and LEAK is cited by a case, or left out for a reason', () => {
  const cited = all.flatMap(({ corpus: ids = [] }) => ids)
  const missing = idsOf(wanted).filter((id) => !cited.includes(id))
  expect(missing.toSorted()).toEqual(Object.keys(elsewhere).toSorted())
  // A case that names an attack which is not there names nothing.
  expect(cited.filter((id) => !idsOf(entries).includes(id))).toEqual([])
})

test.each(Object.entries(elsewhere))('%s is made in test/security: %s', (id) => {
  expect(Object.keys(groups[id.split('-')[0]!]!)).toContain(id)
})

describe('the cases expect what the corpus does', () => {
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const pairs = cases.flatMap((each) =>
    (each.corpus ?? []).map((id) => [id, each.id, each, byId.get(id)!] as const),
  )

  test.each(pairs)('%s: %s', (id, _case, { expect: [expected] }, entry) => {
    if (Object.hasOwn(otherwise, id)) return expect(expected?.status).toBe(500)
    expect(expected).toMatchObject({ status: entry.expect.status })
    if (expected?.challenges) expect(errorOf(expected.challenges)).toBe(errorIn(entry))
  })

  test.each(constructions.flatMap(({ id, corpus: ids = [] }) => ids.map((one) => [one, id])))(
    '%s: %s',
    (id) => {
      expect(byId.get(id)?.expect).toMatchObject({ status: null, error: 'config_error' })
    },
  )
})

function errorOf(challenges: readonly string[]): string | null {
  return /\berror="(\w+)"/.exec(challenges.join())?.[1] ?? null
}

function errorIn({ expect: { error } }: CorpusCase): string | null {
  return error
}

test('every host runs the whole suite: there is no way to leave out a case', () => {
  expect(new Set(hosts.map(({ name }) => name)).size).toBe(hosts.length)
  expect(hosts.map(({ name }) => name)).toEqual(expect.arrayContaining(['Express 5', 'Express 4']))
  for (const host of hosts) expect(Object.keys(host).toSorted()).toEqual(['name', 'start'])
})
