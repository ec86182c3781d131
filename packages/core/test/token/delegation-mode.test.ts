import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import type { Guards } from '../../src/index.ts'
import { startActing } from './acting.ts'
import { aud, bearer, judgeFor, openDesk, statusOf } from '../support.ts'

const { issuer, options, sign, outcome } = await startActing()
const judge = judgeFor(issuer)

describe('direct or delegated', () => {
  const direct = sign({})
  const delegated = sign({ act: { sub: 'a' } })

  test.each([
    ['any', 'proceed', 'proceed'],
    ['direct', 'proceed', 403],
    ['delegated', 403, 'proceed'],
  ] as const)('%s for the whole server', async (delegation, one, other) => {
    const guard = (guards: Guards<Guard>): Guard => guards.requireAuthentication()
    expect(await outcome(guard, direct, { delegation })).toBe(one)
    expect(await outcome(guard, delegated, { delegation })).toBe(other)
    const codes = {
      403: delegation === 'direct' ? 'delegation_forbidden' : 'delegation_required',
      proceed: 'granted',
    }
    expect(await judge(direct, { delegation })).toBe(codes[one])
    expect(await judge(delegated, { delegation })).toBe(codes[other])
  })

  test.each(['any', 'direct', 'delegated'] as const)(
    'a route’s own word counts, also where the server says %s',
    async (delegation) => {
      expect(await outcome((guards) => guards.requireDirect(), direct, { delegation })).toBe(
        'proceed',
      )
      expect(await outcome((guards) => guards.requireDirect(), delegated, { delegation })).toBe(403)
      expect(await outcome((guards) => guards.requireDelegated(), delegated, { delegation })).toBe(
        'proceed',
      )
      expect(await outcome((guards) => guards.requireDelegated(), direct, { delegation })).toBe(403)
    },
  )

  test('a later guard takes nothing back', async () => {
    const { guards, pass } = openDesk({ ...options, delegation: 'direct' })
    const key = {}
    expect(statusOf(await pass(key, guards.requireAudience(aud), bearer(delegated)))).toBe(403)
    expect(statusOf(await pass(key, guards.requireDelegated(), bearer(delegated)))).toBe(403)
  })
})
