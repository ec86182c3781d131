import { describe, expect, test } from 'vitest'
import {
  checkDelegation,
  readChain,
  readDelegation,
  readMayAct,
  withoutAct,
} from '../../src/token/delegation.ts'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { aud, judgeFor, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const judge = judgeFor(issuer)
const verifier = createVerifier(optionsFor(issuer))
const judgeAct = (act: unknown, options: VerifierOptions = {}) =>
  judge(issuer.token({ aud, claims: { act } }), options)
const read = (claims: object) => verifier.verify(issuer.token({ aud, claims: { ...claims } }))

const chain = (depth: number): unknown =>
  Array.from({ length: depth }).reduce(
    (act) => ({ sub: 'service', ...(act ? { act } : {}) }),
    undefined,
  )
const members = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [at === 0 ? 'sub' : `m${at}`, 'x']))

describe('a malformed act refuses the token', () => {
  test.each([
    ['a string', 'service'],
    ['a list', [{ sub: 'service' }]],
    ['null', null],
    ['a number', 1],
    ['false', false],
    ['nobody', {}],
    ['no sub', { iss: 'https://as.example.com' }],
    ['a sub that is empty', { sub: '' }],
    ['a sub that is null', { sub: null }],
    ['a sub that is a list', { sub: ['service'] }],
    ['an iss that is no string', { sub: 'service', iss: 1 }],
    ['an iss that is null', { sub: 'service', iss: null }],
    ['an empty iss', { sub: 'service', iss: '' }],
    ['a client_id that is no string', { sub: 'service', client_id: {} }],
    ['17 members', members(17)],
    ['a long string', { sub: 'x'.repeat(1025) }],
    ['a long string in a list', { sub: 'service', list: ['x'.repeat(1025)] }],
    ['a prior actor that is a string', { sub: 'service', act: 'before' }],
    ['a prior actor that is null', { sub: 'service', act: null }],
    ['a prior actor without sub', { sub: 'service', act: { client_id: 'before' } }],
    ['a prior actor that is a list', { sub: 'service', act: { sub: 'a', act: [] } }],
  ])('%s', async (_what, act) => {
    expect(await judgeAct(act)).toBe('actor_malformed')
  })
})

describe('a well-formed act may have', () => {
  test.each([
    ['16 members', members(16)],
    ['a sub of 1024 letters', { sub: 'x'.repeat(1024) }],
    ['members that mean nothing there', { sub: 'service', exp: 'x', nbf: [], aud: 1 }],
    ['exp in the past', { sub: 'service', exp: 1 }],
  ])('%s', async (_what, act) => {
    expect(await judgeAct(act)).toBe('granted')
  })
})

describe('the length of the chain', () => {
  test.each([
    [8, {}, 'granted'],
    [9, {}, 'actor_chain_too_long'],
    [1, { maxActorDepth: 1 }, 'granted'],
    [2, { maxActorDepth: 1 }, 'actor_chain_too_long'],
    [16, { maxActorDepth: 16 }, 'granted'],
    [17, { maxActorDepth: 16 }, 'actor_chain_too_long'],
  ])('%s with %j: %s', async (depth, options, outcome) => {
    expect(await judgeAct(chain(depth), options)).toBe(outcome)
  })

  test('a hundred levels are not even parsed', async () => {
    expect(await judgeAct(chain(100))).toBe('payload_malformed')
  })
})

describe('who acts', () => {
  const act = {
    ...{
      sub: 'order-service',
      client_id: 'orders',
      iss: 'https://other.example',
      dept: { a: [1] },
    },
    act: { sub: 'user-service', act: { sub: 'gateway', iss: 'https://edge.example' } },
  }

  test('is the outermost one; those within acted before', async () => {
    const { actor, priorActors } = await read({ act })
    const inOrder = [actor, ...priorActors].map((one) => [one?.issuer, one?.subject, one?.clientId])
    expect(inOrder).toEqual([
      ['https://other.example', 'order-service', 'orders'],
      [issuer.url, 'user-service', undefined],
      ['https://edge.example', 'gateway', undefined],
    ])
  })

  test('is nobody without act', async () => {
    expect(await read({})).toMatchObject({ actor: undefined, priorActors: [] })
  })

  test('leads nowhere to those before: no act is left in claims or actor', async () => {
    const token = await read({ act })
    const seen = [
      token.claims,
      token.actor?.claims,
      ...token.priorActors.map(({ claims }) => claims),
    ]
    expect(seen.every((claims) => claims && !Object.hasOwn(claims, 'act'))).toBe(true)
    expect(JSON.stringify([token.claims, token.actor])).not.toContain('user-service')
    expect(token.actor?.claims).toMatchObject({ dept: { a: [1] } })
  })

  test('cannot be changed', async () => {
    const { actor, priorActors } = await read({ act })
    const parts = [actor, actor?.claims, actor?.claims['dept'], priorActors, priorActors[0]]
    expect(parts.every((part) => part !== undefined && Object.isFrozen(part))).toBe(true)
  })
})

describe('may_act', () => {
  test.each([null, 'x', 1, [], {}, { sub: 1 }, { sub: '' }, { iss: null }, members(17)])(
    'refuses the token where it is malformed: %j',
    async (mayAct) => {
      expect(await judge(issuer.token({ aud, claims: { may_act: mayAct } }))).toBe(
        'actor_malformed',
      )
    },
  )

  test('is exposed and decides nothing', async () => {
    const { mayAct, actor } = await read({ may_act: { sub: 'order-service', act: { sub: 'x' } } })
    expect(mayAct).toEqual({ sub: 'order-service' })
    expect(actor).toBeUndefined()
    expect(await read({})).toMatchObject({ mayAct: undefined })
  })
})

describe('the option delegation', () => {
  test.each([
    ['any', [], 'granted'],
    ['any', ['service'], 'granted'],
    ['direct', [], 'granted'],
    ['direct', ['service'], 'delegation_forbidden'],
    ['delegated', [], 'delegation_required'],
    ['delegated', ['service'], 'granted'],
  ] as const)('%s with the actors %j: %s', async (delegation, actors, outcome) => {
    expect(await judge(issuer.token({ aud, actors }), { delegation })).toBe(outcome)
  })

  test.each(['service', null, {}])('a malformed act (%j) is not a direct token', async (act) => {
    expect(await judgeAct(act, { delegation: 'direct' })).toBe('actor_malformed')
  })
})

describe('what the operator reads', () => {
  const context = { issuer: 'https://as.example.com', profile: {} }
  const long = 'x'.repeat(1025)

  test.each<readonly [act: unknown, reason: string]>([
    ['x', 'it is not an object'],
    [{}, 'it names nobody'],
    [members(17), 'it has more than 16 members'],
    [{ sub: 1 }, 'sub is not a non-empty string'],
    [{ sub: 'a', iss: '' }, 'iss is not a non-empty string'],
    [{ sub: 'a', client_id: null }, 'client_id is not a non-empty string'],
    [{ sub: 'a', note: long }, 'a member is longer than 1024 characters'],
    [{ sub: 'a', note: ['x'.repeat(1021)] }, 'a member is longer than 1024 characters'],
  ])('of a malformed one: %#: %s', (act, problem) => {
    const found = (reason: string) => ({ code: 'actor_malformed', reason })
    expect(readDelegation({ act }, context, 8)).toMatchObject(found(`act, level 1: ${problem}`))
    const nested = { act: { sub: 'a', act } }
    expect(readDelegation(nested, context, 8)).toMatchObject(found(`act, level 2: ${problem}`))
    expect(readMayAct({ may_act: act })).toMatchObject(found(`may_act: ${problem}`))
  })

  test('of one without sub, which may_act need not have', () => {
    const act = { client_id: 'a' }
    expect(readDelegation({ act }, context, 8)).toMatchObject({
      ...{ code: 'actor_malformed', reason: 'act, level 1: there is no sub' },
    })
    expect(readMayAct({ may_act: act })).toEqual(act)
  })

  test('of a chain that is too long, or not wanted', () => {
    const act = { sub: 'a', act: { sub: 'b' } }
    expect(readDelegation({ act }, context, 1)).toMatchObject({
      ...{ code: 'actor_chain_too_long', reason: 'act is nested deeper than 1' },
    })
    const [actor] = readChain({ act }, context, 8).actors
    expect(checkDelegation(actor, 'direct')).toMatchObject({
      code: 'delegation_forbidden',
      reason: 'the token names an actor (act), and only direct access is allowed',
    })
    expect(checkDelegation(undefined, 'delegated')).toMatchObject({
      code: 'delegation_required',
      reason: 'the token names no actor (act), and only delegated access is allowed',
    })
  })
})

describe('as much of a chain as can be read', () => {
  const context = { issuer: 'https://as.example.com', profile: { actorSubjectIsClient: true } }

  test.each<readonly [act: object, actors: readonly string[], depth: number]>([
    [{ sub: 'a', act: { sub: 'b', act: { sub: 'c' } } }, ['a', 'b'], 3],
    [{ sub: 'a', act: { act: { sub: 'c' } } }, ['a'], 3],
    [{ act: { sub: 'b' } }, [], 2],
  ])('of %j: %j', (act, actors, depth) => {
    const found = readChain({ act }, context, 2)
    expect(found.actors.map(({ subject }) => subject)).toEqual(actors)
    expect(found.depth).toBe(depth)
    expect(found.refusal).toBeDefined()
  })

  test('a long nested act is no long member', () => {
    const act = { sub: 'a', act: { sub: 'b', one: 'x'.repeat(1000), two: 'y'.repeat(1000) } }
    expect(readChain({ act }, context, 8)).toMatchObject({ depth: 2, refusal: undefined })
  })

  test.each<readonly [act: object, clientId: string | undefined]>([
    [{ sub: 'a' }, 'a'],
    [{ sub: 'a', iss: 'https://as.example.com' }, 'a'],
    [{ sub: 'a', iss: 'https://b.example.com' }, undefined],
    [{ sub: 'a', client_id: 'c' }, 'c'],
  ])('where subjects are clients, %j is the client %s', (act, clientId) => {
    expect(readChain({ act }, context, 8).actors[0]?.clientId).toBe(clientId)
    const clientsElsewhere = { ...context, profile: {} }
    const [actor] = readChain({ act }, clientsElsewhere, 8).actors
    expect(actor?.clientId).toBe(clientId === 'c' ? 'c' : undefined)
  })
})

test('a copy without act inherits nothing, and is frozen all the way down', () => {
  const copy = withoutAct({ act: 1, none: null, deep: { list: [{}] } })
  expect(copy).toEqual({ none: null, deep: { list: [{}] } })
  for (const name of ['constructor', 'toString', '__proto__']) expect(name in copy).toBe(false)
  const { deep } = copy as { readonly deep: { readonly list: readonly object[] } }
  expect([copy, deep, deep.list, deep.list[0]].every((part) => Object.isFrozen(part))).toBe(true)
  expect(Object.isFrozen(Object.getPrototypeOf(copy))).toBe(true)
})
