import {
  type Case,
  cases,
  comparable,
  createIssuers,
  misconfigurations,
  startConformance,
} from '@resource-server/testing/conformance'
import { afterAll, describe, expect, test } from 'vitest'
import { hosts } from '../hosts/index.ts'

const issuers = await createIssuers()
const suites = await Promise.all(
  hosts.map(async (host) => ({ name: host.name, suite: await startConformance(host, issuers) })),
)
afterAll(async () => {
  await Promise.all(suites.map(({ suite }) => suite.close()))
  await issuers.close()
})

/** Such as `401 token_expired`. */
const resultOf = ({ expect: expected }: Case): string =>
  expected.map(({ status, record }) => [status, record?.code].filter(Boolean).join(' ')).join(', ')

const titled = cases.map((each) => [each.id, resultOf(each), each] as const)

describe.each(suites)('$name', ({ suite }) => {
  const own = titled.filter(([, , each]) => suite.cases.includes(each))
  test.each(own)('%s: responds %s', async (_id, _result, each) => {
    expect(await suite.problems(each)).toEqual([])
  })

  test.each(misconfigurations)('$id: throws a ConfigError at construction', async (each) => {
    expect(await suite.misconfigurationProblems(each)).toEqual([])
  })
})

describe('all hosts send the same response', () => {
  test.each(titled)('%s: %s', async (_id, _result, each) => {
    const responses = suites
      .filter(({ suite }) => suite.cases.includes(each))
      .map(async ({ suite }) => comparable(each, await suite.outcome(each)))
    const [first, ...others] = await Promise.all(responses)
    expect(others).toEqual(others.map(() => first))
  })
})
