import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { corpus, open } from './corpus/corpus.ts'
import { groups } from './attacks/index.ts'

const built = Object.values(groups).flatMap((group) => Object.keys(group))

test('every open case of the corpus has a test, and every test a case', () => {
  const wanted = open.map(({ id }) => id)
  expect(built.toSorted()).toEqual(wanted.toSorted())
})

test('no case stands there twice', () => {
  expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length)
  expect(new Set(built).size).toBe(built.length)
})

test('a case stands in the group that its name says', () => {
  for (const [name, group] of Object.entries(groups)) {
    for (const id of Object.keys(group)) expect(id.split('-')[0]).toBe(name)
  }
})

test('a case is excluded for a reason', () => {
  const excluded = corpus.filter((entry) => entry.excluded !== undefined)
  expect(excluded.map(({ id, excluded: reason }) => `${id}: ${reason}`)).toEqual([
    'HTTP-query+hdr: query tokens are never read; the header decides',
    'HTTP-body+hdr: the body is never read',
  ])
})

test('the advisories name cases that have a test', () => {
  const page = new URL('../../docs/security/advisories.md', import.meta.url)
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => /^\| (CVE|GHSA)-/.test(line))
  expect(rows.length).toBeGreaterThan(40)
  const named = rows.flatMap((row) => row.split('|').at(-2)!.trim().split(', '))
  expect(named.filter((id) => !built.includes(id))).toEqual([])
})

// Shown by name with every run, as not done yet.
const pending = corpus.filter((entry) => entry.not_built_yet !== undefined)
// oxlint-disable-next-line vitest/warn-todo -- that is the point
for (const { id, not_built_yet: what } of pending) test.todo(`${id} waits for: ${what}`)

test('the cases that wait are counted', () => {
  const kinds = pending.map(({ not_built_yet: what }) => what)
  const count = (kind: string): number => kinds.filter((what) => what === kind).length
  expect([count('DPoP'), count('denylist'), count('fallback key set')]).toEqual([29, 1, 1])
  expect(pending).toHaveLength(31)
})
