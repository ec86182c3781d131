import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import type { Guards } from '../../src/index.ts'
import { createDelegationFixture } from './delegation-fixture.ts'
import { aud, bearer, outcomeFor, createGateHarness, statusOf } from '../support.ts'

const { issuer, options, sign, outcome } = await createDelegationFixture()
const codeFor = outcomeFor(issuer)

describe('the delegation mode', () => {
  const direct = sign({})
  const delegated = sign({ act: { sub: 'a' } })

  test.each([
    ['any', 'proceed', 'proceed'],
    ['direct', 'proceed', 403],
    ['delegated', 403, 'proceed'],
  ] as const)(
    '%s for the whole server: direct token: %s, delegated token: %s',
    async (delegation, forDirect, forDelegated) => {
      const guard = (guards: Guards<Guard>): Guard => guards.requireAuthentication()
      expect(await outcome(guard, direct, { delegation })).toBe(forDirect)
      expect(await outcome(guard, delegated, { delegation })).toBe(forDelegated)
      const codes = {
        403: delegation === 'direct' ? 'delegation_forbidden' : 'delegation_required',
        proceed: 'granted',
      }
      expect(await codeFor(direct, { delegation })).toBe(codes[forDirect])
      expect(await codeFor(delegated, { delegation })).toBe(codes[forDelegated])
    },
  )

  test.each(['any', 'direct', 'delegated'] as const)(
    'of the first guard on a route replaces %s for the whole server',
    async (delegation) => {
      const run = (guard: 'requireDirect' | 'requireDelegated', token: string) =>
        outcome((guards) => guards[guard](), token, { delegation })
      expect(await run('requireDirect', direct)).toBe('proceed')
      expect(await run('requireDirect', delegated)).toBe(403)
      expect(await run('requireDelegated', delegated)).toBe('proceed')
      expect(await run('requireDelegated', direct)).toBe(403)
    },
  )

  test('of a later guard does not undo the refusal of an earlier guard', async () => {
    const { guards, pass } = createGateHarness({ ...options, delegation: 'direct' })
    const key = {}
    expect(statusOf(await pass(key, guards.requireAudience(aud), bearer(delegated)))).toBe(403)
    expect(statusOf(await pass(key, guards.requireDelegated(), bearer(delegated)))).toBe(403)
  })
})
