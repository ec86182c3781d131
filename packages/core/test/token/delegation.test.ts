import { describe, expect, test } from 'vitest'
import {
  checkDelegation,
  readChain,
  readDelegation,
  readMayAct,
  withoutAct,
} from '../../src/token/delegation.ts'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { aud, outcomeFor, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const codeFor = outcomeFor(issuer)
const verifier = createVerifier(optionsFor(issuer))
const codeForAct = (act: unknown, options: VerifierOptions = {}) =>
  codeFor(issuer.token({ aud, claims: { act } }), options)
const verifyWith = (claims: object) => verifier.verify(issuer.token({ aud, claims: { ...claims } }))

const chainOf = (depth: number): unknown =>
  Array.from({ length: depth }).reduce(
    (act) => ({ sub: 'service', ...(act ? { act } : {}) }),
    undefined,
  )
const actorWith = (members: number): object =>
  Object.fromEntries(
    Array.from({ length: members }, (_, index) => [index === 0 ? 'sub' : `m${index}`, 'x']),
  )

describe('a token is refused if act', () => {
  test.each([
    ['is a string', 'service'],
    ['is a list', [{ sub: 'service' }]],
    ['is null', null],
    ['is a number', 1],
    ['is false', false],
    ['is an empty object', {}],
    ['has no sub', { iss: 'https://as.example.com' }],
    ['has an empty sub', { sub: '' }],
    ['has a sub that is null', { sub: null }],
    ['has a sub that is a list', { sub: ['service'] }],
    ['has an iss that is not a string', { sub: 'service', iss: 1 }],
    ['has an iss that is null', { sub: 'service', iss: null }],
    ['has an empty iss', { sub: 'service', iss: '' }],
    ['has a client_id that is not a string', { sub: 'service', client_id: {} }],
    ['has 17 members', actorWith(17)],
    ['has a sub of 1025 characters', { sub: 'x'.repeat(1025) }],
    ['has a string of 1025 characters in a list', { sub: 'service', list: ['x'.repeat(1025)] }],
    ['has a prior actor that is a string', { sub: 'service', act: 'before' }],
    ['has a prior actor that is null', { sub: 'service', act: null }],
    ['has a prior actor without sub', { sub: 'service', act: { client_id: 'before' } }],
    ['has a prior actor that is a list', { sub: 'service', act: { sub: 'a', act: [] } }],
  ])('%s', async (_what, act) => {
    expect(await codeForAct(act)).toBe('actor_malformed')
  })
})

describe('a token is granted if act has', () => {
  test.each([
    ['16 members', actorWith(16)],
    ['a sub of 1024 characters', { sub: 'x'.repeat(1024) }],
    [
      'malformed exp, nbf and aud, which are ignored',
      { sub: 'service', exp: 'x', nbf: [], aud: 1 },
    ],
    ['exp in the past, which is ignored', { sub: 'service', exp: 1 }],
  ])('%s', async (_what, act) => {
    expect(await codeForAct(act)).toBe('granted')
  })
})

describe('the depth of the actor chain', () => {
  test.each([
    [8, {}, 'granted'],
    [9, {}, 'actor_chain_too_long'],
    [1, { maxActorDepth: 1 }, 'granted'],
    [2, { maxActorDepth: 1 }, 'actor_chain_too_long'],
    [16, { maxActorDepth: 16 }, 'granted'],
    [17, { maxActorDepth: 16 }, 'actor_chain_too_long'],
  ])('is %s, with the options %j: %s', async (depth, options, code) => {
    expect(await codeForAct(chainOf(depth), options)).toBe(code)
  })

  test('is limited by the JSON parser too: 100 levels are refused as payload_malformed', async () => {
    expect(await codeForAct(chainOf(100))).toBe('payload_malformed')
  })
})

describe('the actors of a token', () => {
  const act = {
    sub: 'order-service',
    client_id: 'orders',
    iss: 'https://other.example',
    dept: { a: [1] },
    act: { sub: 'user-service', act: { sub: 'gateway', iss: 'https://edge.example' } },
  }

  test('are the outermost act as the current actor and the nested ones as prior actors', async () => {
    const { actor, priorActors } = await verifyWith({ act })
    const inOrder = [actor, ...priorActors].map((one) => [one?.issuer, one?.subject, one?.clientId])
    expect(inOrder).toEqual([
      ['https://other.example', 'order-service', 'orders'],
      [issuer.url, 'user-service', undefined],
      ['https://edge.example', 'gateway', undefined],
    ])
  })

  test('are absent if the token has no act', async () => {
    expect(await verifyWith({})).toMatchObject({ actor: undefined, priorActors: [] })
  })

  test('include a single prior actor, and tokens without one share the empty list', async () => {
    const priorOf = async (inner: object) =>
      (await verifyWith({ act: { sub: 'order-service', ...inner } })).priorActors
    expect(await priorOf({ act: { sub: 'gateway' } })).toMatchObject([{ subject: 'gateway' }])
    expect(await priorOf({})).toBe((await verifyWith({})).priorActors)
  })

  test('are not reachable through act in the claims or in the current actor', async () => {
    const token = await verifyWith({ act })
    const objects = [
      token.claims,
      token.actor?.claims,
      ...token.priorActors.map(({ claims }) => claims),
    ]
    expect(objects.every((claims) => claims && !Object.hasOwn(claims, 'act'))).toBe(true)
    expect(JSON.stringify([token.claims, token.actor])).not.toContain('user-service')
    expect(token.actor?.claims).toMatchObject({ dept: { a: [1] } })
  })

  test('are frozen at every level', async () => {
    const { actor, priorActors } = await verifyWith({ act })
    const parts = [actor, actor?.claims, actor?.claims['dept'], priorActors, priorActors[0]]
    expect(parts.every((part) => part !== undefined && Object.isFrozen(part))).toBe(true)
  })
})

describe('may_act', () => {
  test.each<readonly [string, unknown]>([
    ['is null', null],
    ['is a string', 'x'],
    ['is a number', 1],
    ['is a list', []],
    ['is an empty object', {}],
    ['has a sub that is a number', { sub: 1 }],
    ['has an empty sub', { sub: '' }],
    ['has an iss that is null', { iss: null }],
    ['has 17 members', actorWith(17)],
  ])('is refused if it %s', async (_what, mayAct) => {
    expect(await codeFor(issuer.token({ aud, claims: { may_act: mayAct } }))).toBe(
      'actor_malformed',
    )
  })

  test('is exposed, but does not affect the actor', async () => {
    const { mayAct, actor } = await verifyWith({
      may_act: { sub: 'order-service', act: { sub: 'x' } },
    })
    expect(mayAct).toEqual({ sub: 'order-service' })
    expect(actor).toBeUndefined()
    expect(await verifyWith({})).toMatchObject({ mayAct: undefined })
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
  ] as const)('%s with the actors %j: %s', async (delegation, actors, code) => {
    expect(await codeFor(issuer.token({ aud, actors }), { delegation })).toBe(code)
  })

  test.each(['service', null, {}])(
    'direct refuses a token with the malformed act %j',
    async (act) => {
      expect(await codeForAct(act, { delegation: 'direct' })).toBe('actor_malformed')
    },
  )
})

describe('the reason of a refusal', () => {
  const context = { issuer: 'https://as.example.com', profile: {} }
  const long = 'x'.repeat(1025)

  test.each<readonly [problem: string, act: unknown]>([
    ['is not an object', 'x'],
    ['is an empty object', {}],
    ['has more than 16 members', actorWith(17)],
    ['has a malformed sub, expected a non-empty string', { sub: 1 }],
    ['has a malformed iss, expected a non-empty string', { sub: 'a', iss: '' }],
    ['has a malformed client_id, expected a non-empty string', { sub: 'a', client_id: null }],
    ['has a member longer than 1024 characters', { sub: 'a', note: long }],
    ['has a member longer than 1024 characters', { sub: 'a', note: ['x'.repeat(1021)] }],
  ])('says that act or may_act %s', (problem, act) => {
    const refusal = (reason: string, claim = 'act') => ({
      code: 'actor_malformed',
      reason,
      detail: { claim },
    })
    expect(readDelegation({ act }, context, 8)).toMatchObject(refusal(`act ${problem}`))
    const nested = { act: { sub: 'a', act } }
    expect(readDelegation(nested, context, 8)).toMatchObject(refusal(`act at level 2 ${problem}`))
    expect(readMayAct({ may_act: act })).toMatchObject(refusal(`may_act ${problem}`, 'may_act'))
  })

  test('says that act has no sub, which may_act does not need', () => {
    const act = { client_id: 'a' }
    expect(readDelegation({ act }, context, 8)).toMatchObject({
      code: 'actor_malformed',
      reason: 'act has no sub',
    })
    expect(readMayAct({ may_act: act })).toEqual(act)
  })

  test('says that the chain is too long, or that the mode does not allow it', () => {
    const act = { sub: 'a', act: { sub: 'b' } }
    expect(readDelegation({ act }, context, 1)).toMatchObject({
      code: 'actor_chain_too_long',
      reason: 'act is nested deeper than maxActorDepth (1)',
      detail: { claim: 'act' },
    })
    const [actor] = readChain({ act }, context, 8).actors
    expect(checkDelegation(actor, 'direct')).toMatchObject({
      code: 'delegation_forbidden',
      reason: 'the token has an actor (act), but only direct access is allowed',
      detail: { claim: 'act' },
    })
    expect(checkDelegation(undefined, 'delegated')).toMatchObject({
      code: 'delegation_required',
      reason: 'the token has no actor (act), but only delegated access is allowed',
      detail: { claim: 'act' },
    })
  })
})

describe('readChain', () => {
  const context = { issuer: 'https://as.example.com', profile: { actorSubjectIsClient: true } }

  test.each<readonly [act: object, actors: readonly string[], depth: number]>([
    [{ sub: 'a', act: { sub: 'b', act: { sub: 'c' } } }, ['a', 'b'], 3],
    [{ sub: 'a', act: { act: { sub: 'c' } } }, ['a'], 3],
    [{ act: { sub: 'b' } }, [], 2],
  ])('reads %j as the actors %j before the first problem', (act, actors, depth) => {
    const found = readChain({ act }, context, 2)
    expect(found.actors.map(({ subject }) => subject)).toEqual(actors)
    expect(found.depth).toBe(depth)
    expect(found.refusal).toBeDefined()
  })

  test('does not count a nested act as a long member', () => {
    const act = { sub: 'a', act: { sub: 'b', one: 'x'.repeat(1000), two: 'y'.repeat(1000) } }
    expect(readChain({ act }, context, 8)).toMatchObject({ depth: 2, refusal: undefined })
  })

  test.each<readonly [act: object, clientId: string | undefined]>([
    [{ sub: 'a' }, 'a'],
    [{ sub: 'a', iss: 'https://as.example.com' }, 'a'],
    [{ sub: 'a', iss: 'https://b.example.com' }, undefined],
    [{ sub: 'a', client_id: 'c' }, 'c'],
  ])('with actorSubjectIsClient in the profile, the client ID of %j is %s', (act, clientId) => {
    expect(readChain({ act }, context, 8).actors[0]?.clientId).toBe(clientId)
    const [actor] = readChain({ act }, { ...context, profile: {} }, 8).actors
    expect(actor?.clientId).toBe(clientId === 'c' ? 'c' : undefined)
  })
})

test('withoutAct returns a copy that inherits nothing and is frozen at every level', () => {
  const copy = withoutAct({ act: 1, none: null, deep: { list: [{}] } })
  expect(copy).toEqual({ none: null, deep: { list: [{}] } })
  for (const name of ['constructor', 'toString', '__proto__']) expect(name in copy).toBe(false)
  const { deep } = copy as { readonly deep: { readonly list: readonly object[] } }
  expect([copy, deep, deep.list, deep.list[0]].every((part) => Object.isFrozen(part))).toBe(true)
  expect(Object.isFrozen(Object.getPrototypeOf(copy))).toBe(true)
})
