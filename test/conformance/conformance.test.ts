import {
  cases,
  comparable,
  constructions,
  createWorld,
  startConformance,
} from '@resource-server/testing/conformance'
import { afterAll, describe, expect, test } from 'vitest'
import { hosts } from '../hosts/index.ts'

const world = await createWorld()
const suites = await Promise.all(
  hosts.map(async (host) => ({ name: host.name, suite: await startConformance(host, world) })),
)
afterAll(async () => {
  await Promise.all(suites.map(({ suite }) => suite.close()))
  await world.close()
})

describe.each(suites)('$name', ({ suite }) => {
  test.each(cases)('$id', async (each) => {
    expect(await suite.problems(each)).toEqual([])
  })

  test.each(constructions)('does not start: $id', async (each) => {
    expect(await suite.constructionProblems(each)).toEqual([])
  })
})

describe('all hosts answer alike', () => {
  test.each(cases)('$id', async (each) => {
    const answers = suites.map(async ({ suite }) => comparable(each, await suite.outcome(each)))
    const [first, ...others] = await Promise.all(answers)
    expect(others).toEqual(others.map(() => first))
  })
})
