import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier } from '../../src/index.ts'
import {
  createGateHarness,
  type MakeGuard,
  optionsFor,
  runGuards,
  startIssuer,
} from '../support.ts'

const issuer = await startIssuer()
const options = optionsFor(issuer)
const iss = issuer.url

/** Adds members to every object of the process, as a prototype pollution does, until the test ends. */
function pollute(members: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(members)) {
    // Not enumerable, because the test runner itself uses `for…in`.
    // oxlint-disable-next-line no-extend-native -- what the attack does
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
  }
  onTestFinished(() => {
    for (const name of Object.keys(members)) Reflect.deleteProperty(Object.prototype, name)
  })
}

describe('an inherited member is not part of', () => {
  const ofOtherService = issuer.token({ aud: 'stock-service' })
  const delegated = issuer.token({ aud: options.audience, actors: ['user-service'] })
  const direct = issuer.token({ aud: options.audience })
  const audience = { names: ['stock-service'], exclusive: false }

  test.each<readonly [string, MakeGuard]>([
    ['requireAuthentication', ({ requireAuthentication }) => requireAuthentication()],
    ['requirePolicy', ({ requirePolicy }) => requirePolicy(() => true)],
    ['requireDirect', ({ requireDirect }) => requireDirect()],
  ])('the requirements of %s: the configured audience holds', async (_name, guard) => {
    const harness = createGateHarness(options)
    pollute({ audience })
    expect(await runGuards(harness, [guard], ofOtherService)).toBe(401)
    expect(harness.records).toMatchObject([{ code: 'audience_mismatch' }])
  })

  test('the requirements of requireAuthentication: the configured delegation holds', async () => {
    const harness = createGateHarness({ ...options, delegation: 'direct' })
    pollute({ delegation: 'any', scopes: ['x'], scopeNeed: { all: ['x'] } })
    const guard: MakeGuard = ({ requireAuthentication }) => requireAuthentication()
    expect(await runGuards(harness, [guard], delegated)).toBe(403)
    expect(harness.records).toMatchObject([{ code: 'delegation_forbidden' }])
    expect(harness.records[0]).not.toHaveProperty('requiredScopes')
  })

  test('the requirements of a verifier', async () => {
    const { check } = createVerifier({ ...options, delegation: 'delegated' })
    pollute({ audience, delegation: 'any' })
    expect(await check(ofOtherService)).toMatchObject({ code: 'audience_mismatch' })
    expect(await check(direct)).toMatchObject({ code: 'delegation_required' })
  })

  const { guards } = createGateHarness(options)
  const given = (value: object): never => value as never
  test.each<readonly [string, () => unknown, object]>([
    ['an audience', () => guards.requireAudience(given({})), { only: 'order-service' }],
    ['an actor', () => guards.requireActor(given({ sub: 'a' })), { iss }],
    ['an actor', () => guards.requireActor(given({ iss })), { sub: 'a' }],
    ['a client', () => guards.requireClient(given({ iss })), { client_id: 'a' }],
    ['a client', () => guards.requireClient(given({ client_id: 'a' })), { iss }],
    ['a step-up requirement', () => guards.requireStepUp({}), { acr: 'pwd' }],
    ['a step-up requirement', () => guards.requireStepUp({}), { maxAge: 60 }],
  ])('%s: the guard throws for its own members %#', (_name, create, members) => {
    pollute({ ...members })
    expect(create).toThrow('.')
  })

  test.each<readonly [string, MakeGuard, object]>([
    [
      'requireActor',
      ({ requireActor }) => requireActor({ iss, sub: 'user-service' }),
      { client_id: 'x' },
    ],
    ['requireStepUp', ({ requireStepUp }) => requireStepUp({ acr: 'mfa' }), { maxAge: 60 }],
  ])('the argument of %s: other members are not required', async (_name, guard, members) => {
    const token = issuer.token({
      aud: options.audience,
      actors: ['user-service'],
      claims: { acr: 'mfa' },
    })
    const harness = createGateHarness(options)
    pollute({ ...members })
    expect(await runGuards(harness, [guard], token)).toBe('proceed')
  })
})
