import { describe, expect, test } from 'vitest'
import { bearer, createApi, hosts, sendThrough, startIssuer } from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: 'order-service' })

const api = () => createApi(issuer)

/** Values that a policy function in JavaScript can return instead of a boolean. */
const refusingResults: readonly (readonly [title: string, result: unknown])[] = [
  ['false', false],
  ['a promise of false', Promise.resolve(false)],
  ['undefined', undefined],
  ['a promise of undefined', Promise.resolve()],
  ['null', null],
  ['1', 1],
  ["'true'", 'true'],
  ['an object', {}],
  ['a boxed true', Object(true)],
  ['a promise of 1', Promise.resolve(1)],
  ['a function that returns true', () => true],
]

/** Values that JavaScript can throw. Express treats some of them as "continue". */
const thrownValues: readonly (readonly [title: string, value: unknown])[] = [
  ['an Error', new Error('the database is unavailable')],
  ['undefined', undefined],
  ['null', null],
  ['false', false],
  ['0', 0],
  ['an empty string', ''],
  ["'route'", 'route'],
  ["'router'", 'router'],
  ['an object with status 200', { status: 200, statusCode: 200 }],
]

describe.each(hosts)('requirePolicy on %s', (_host, express) => {
  test.each([
    ['true', true],
    ['a promise of true', Promise.resolve(true)],
  ])('grants access if the policy returns %s', async (_title, result) => {
    const guard = api().requirePolicy(() => result)
    expect(await sendThrough(express, [guard], bearer(token))).toMatchObject({
      status: 200,
      handled: 1,
    })
  })

  test.each(refusingResults)('refuses if the policy returns %s', async (_title, result) => {
    const guard = api().requirePolicy(() => result as boolean)
    expect(await sendThrough(express, [guard], bearer(token))).toMatchObject({
      status: 403,
      handled: 0,
    })
  })

  test.each(thrownValues)('responds with 500 if the policy throws %s', async (_title, value) => {
    const guard = api().requirePolicy(() => {
      throw value
    })
    expect(await sendThrough(express, [guard], bearer(token))).toMatchObject({
      status: 500,
      handled: 0,
    })
  })

  test.each(thrownValues)(
    'responds with 500 if the policy rejects with %s',
    async (_title, value) => {
      const guard = api().requirePolicy(() => Promise.reject(value))
      expect(await sendThrough(express, [guard], bearer(token))).toMatchObject({
        status: 500,
        handled: 0,
      })
    },
  )
})
