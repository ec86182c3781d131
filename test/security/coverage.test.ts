import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { adapterHosts } from '../hosts/index.ts'
import { groups } from './attacks/index.ts'
import { corpus, runnable } from './corpus/corpus.ts'

const implemented = Object.values(groups).flatMap((group) => Object.keys(group))

test('every runnable case of the corpus has a test, and every test has a case', () => {
  const required = runnable.map(({ id }) => id)
  expect(implemented.toSorted()).toEqual(required.toSorted())
})

test('the ids of the cases are unique', () => {
  expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length)
  expect(new Set(implemented).size).toBe(implemented.length)
})

test('the id of a case starts with the name of its group', () => {
  for (const [name, group] of Object.entries(groups)) {
    for (const id of Object.keys(group)) expect(id.split('-')[0]).toBe(name)
  }
})

test('each host whose adapter reads requests is attacked in exactly one file', () => {
  const folder = new URL('attacks-on-hosts/', import.meta.url)
  const attacked = readdirSync(folder).map((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8')
    return /^attackHost\('(.+)'\)$/m.exec(text)?.[1] ?? file
  })
  expect(attacked.toSorted()).toEqual(adapterHosts.map(({ name }) => name).toSorted())
})

test('the excluded cases are exactly these, with their reasons', () => {
  const excluded = corpus.filter((entry) => entry.excluded !== undefined)
  expect(excluded.map(({ id, excluded: reason }) => `${id}: ${reason}`)).toEqual([
    'HTTP-query+hdr: query tokens are never read; the header decides',
    'HTTP-body+hdr: the body is never read',
  ])
})

test('every case that has its own test is named in that test', () => {
  const elsewhere = corpus.filter((entry) => entry.tested_in !== undefined)
  expect(elsewhere.length).toBeGreaterThan(10)
  const unnamed = elsewhere.filter(({ id, tested_in: file }) => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
    // The comment before a test that runs, or a row of a table of cases, all of which run.
    const titled = `^ *// .*${id}:.*\\n *(?:test|describe)(?:\\.each)?\\(`
    return !new RegExp(`${titled}|^  '${id}': async \\(`, 'm').test(text)
  })
  expect(unnamed.map(({ id }) => id)).toEqual([])
})

test('every advisory in docs/security/advisories.md names cases that have a test', () => {
  const page = new URL('../../docs/security/advisories.md', import.meta.url)
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => /^\| (CVE|GHSA)-/.test(line))
  expect(rows.length).toBeGreaterThan(40)
  const named = rows.flatMap((row) => row.split('|').at(-2)!.trim().split(', '))
  expect(named.filter((id) => !implemented.includes(id))).toEqual([])
})

// Listed in every run as not implemented yet.
const pending = corpus.filter((entry) => entry.not_built_yet !== undefined)
// oxlint-disable-next-line vitest/warn-todo -- pending cases must stay visible
for (const { id, not_built_yet: feature } of pending) test.todo(`${id} requires ${feature}`)

test('3 cases are pending: 2 for Shared Signals, 1 for a fallback key set', () => {
  const features = pending.map(({ not_built_yet: feature }) => feature)
  const count = (feature: string): number => features.filter((one) => one === feature).length
  expect([count('Shared Signals'), count('fallback key set')]).toEqual([2, 1])
  expect(pending).toHaveLength(3)
})
