import { createRequire } from 'node:module'
import { join } from 'node:path'
import { NestFactory } from '@nestjs/core'
import { cases, misconfigurations, startConformance } from '@resource-server/testing/conformance'
import { afterAll, describe, expect, test } from 'vitest'
import { nestHosts } from '../hosts/nest.ts'
import { packagesFolder } from './packages.ts'
import { resultsOf } from './results.ts'

// The tests of the NestJS package and the conformance suite with NestJS 11. The configuration of this project in
// vitest.config.ts replaces the packages of NestJS 12. The tests in packages/nestjs run in the same project.

const require = createRequire(join(packagesFolder, 'package.json'))
const { version } = require('@nestjs/core/package.json') as { readonly version: string }
const addResult = resultsOf('NestJS')

test('the tests use NestJS 11', () => {
  expect(version).toMatch(/^11\./)
  expect(NestFactory).toBe((require('@nestjs/core') as typeof import('@nestjs/core')).NestFactory)
})

const hosts = nestHosts.map((host) => ({
  ...host,
  name: host.name.replace('NestJS 12', 'NestJS 11'),
}))

describe.each(hosts)('$name', async (host) => {
  const suite = await startConformance(host)
  afterAll(() => suite.close())

  test.each(suite.cases.map((each) => [each.id, each] as const))('%s', async (_id, each) => {
    expect(await suite.problems(each)).toEqual([])
  })

  test.each(misconfigurations)('$id: throws a ConfigError at construction', async (each) => {
    expect(await suite.misconfigurationProblems(each)).toEqual([])
  })

  test('no case is left out', () => {
    expect(suite.cases).toHaveLength(cases.length)
    const seen = `${cases.length} cases of the conformance suite`
    addResult({ kind: 'unchanged', what: `${host.name}, version ${version}`, seen })
  })
})
