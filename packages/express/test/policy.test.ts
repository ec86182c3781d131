import { describe, expect, test } from 'vitest'
import { type ResourceServerOptions, resourceServer } from '../src/index.ts'
import { bearer, hosts, startIssuer, through } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: 'order-service' })

function api(options: Partial<ResourceServerOptions> = {}) {
  return resourceServer({
    issuer: issuer.url,
    clock: issuer.clock,
    audience: 'order-service',
    ...options,
  })
}

/** What JavaScript can return where TypeScript asks for a boolean. */
const answers: readonly (readonly [what: string, answer: unknown])[] = [
  ['false', false],
  ['a promise of false', Promise.resolve(false)],
  ['nothing', undefined],
  ['a promise of nothing', Promise.resolve()],
  ['null', null],
  ['1', 1],
  ["'true'", 'true'],
  ['an object', {}],
  ['a boxed true', Object(true)],
  ['a promise of 1', Promise.resolve(1)],
  ['a function that returns true', () => true],
]

/** What JavaScript can throw. Express takes some of these for "go on". */
const thrown: readonly (readonly [what: string, value: unknown])[] = [
  ['an Error', new Error('the database is away')],
  ['nothing', undefined],
  ['null', null],
  ['false', false],
  ['0', 0],
  ['an empty string', ''],
  ["'route'", 'route'],
  ["'router'", 'router'],
  ['an object that says 200', { status: 200, statusCode: 200 }],
]

describe.each(hosts)('requirePolicy on $host', ({ express }) => {
  test.each([
    ['true', true],
    ['a promise of true', Promise.resolve(true)],
  ])('%s is a yes', async (_what, answer) => {
    const guard = api().requirePolicy(() => answer)
    expect(await through(express, [guard], bearer(token))).toMatchObject({
      status: 200,
      handled: 1,
    })
  })

  test.each(answers)('%s is a no', async (_what, answer) => {
    const guard = api().requirePolicy(() => answer as boolean)
    expect(await through(express, [guard], bearer(token))).toMatchObject({
      status: 403,
      handled: 0,
    })
  })

  test.each(thrown)('throwing %s lets nobody in', async (_what, value) => {
    const guard = api().requirePolicy(() => {
      throw value
    })
    expect(await through(express, [guard], bearer(token))).toMatchObject({
      status: 500,
      handled: 0,
    })
  })

  test.each(thrown)('rejecting with %s lets nobody in', async (_what, value) => {
    const guard = api().requirePolicy(() => Promise.reject(value))
    expect(await through(express, [guard], bearer(token))).toMatchObject({
      status: 500,
      handled: 0,
    })
  })
})
