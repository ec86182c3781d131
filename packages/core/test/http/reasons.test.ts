import { describe, expect, test } from 'vitest'
import { type ResourceServerOptions, VerificationError } from '../../src/index.ts'
import type { Profile } from '../../src/index.ts'
import {
  bearer,
  createGateHarness,
  type MakeGuard,
  optionsFor,
  runGuards,
  startIssuer,
} from '../support.ts'

const issuer = await startIssuer()
const options = optionsFor(issuer)

/** Control characters (C0, DEL, C1), line separators, and characters that reverse or hide text. */
const hostile =
  'a\n\r\t\u001b[31m\u007f\u0085\u009b\u00ad\u061c\u200b\u202e\u2028\u2029\u2066\ufeff"\\z'
const invisible = /[\p{C}\p{Zl}\p{Zp}]/u

const profile: Profile = {
  name: 'test',
  types: ['at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: [],
  ignoredAudiences: [],
  roles: [{ path: ['roles'] }],
  permissions: [{ path: ['permissions'] }],
  hints: [
    {
      codes: ['claim_not_accepted'],
      when: () => true,
      message: `Read ${hostile}.`,
    },
  ],
}

const claims = {
  client_id: hostile,
  acr: hostile,
  roles: [hostile],
  permissions: [hostile],
  act: { iss: hostile, sub: hostile, client_id: hostile },
}

const guards: readonly (readonly [string, MakeGuard])[] = [
  ['requireAudience', ({ requireAudience }) => requireAudience('order-service')],
  ['requireActor', ({ requireActor }) => requireActor({ iss: issuer.url, sub: 'a' })],
  ['requireClient', ({ requireClient }) => requireClient('web')],
  ['requireRole', ({ requireRole }) => requireRole('editor')],
  ['requirePermission', ({ requirePermission }) => requirePermission('orders:write')],
  ['requireStepUp', ({ requireStepUp }) => requireStepUp({ acr: 'mfa' })],
  ['requireStepUp', ({ requireStepUp }) => requireStepUp({ maxAge: 60 })],
  ['requireClaim', ({ requireClaim }) => requireClaim('acr', 'mfa')],
  ['requireScope', ({ requireScope }) => requireScope('orders:read')],
  ['requireDirect', ({ requireDirect }) => requireDirect()],
]

describe('the reason for a refusal', () => {
  test.each(guards)('by %s has no invisible characters of a signed claim', async (_name, guard) => {
    const harness = createGateHarness({ ...options, profile })
    const isAudience = _name === 'requireAudience'
    const token = issuer.token({ aud: isAudience ? hostile : options.audience, claims })
    expect(await runGuards(harness, [guard], token)).not.toBe('proceed')
    const [record] = harness.records
    expect(record?.outcome).toBe('refused')
    expect(record?.reason).not.toMatch(invisible)
  })

  test('escapes what the quote of a signed claim contains', async () => {
    const harness = createGateHarness(options)
    const token = issuer.token({ aud: 'a\u202e\u0085\u2028"b' })
    await runGuards(harness, [({ requireAuthentication }) => requireAuthentication()], token)
    expect(harness.records[0]?.reason).toBe(
      String.raw`aud is ["a\u202e\u0085\u2028\"b"], expected one of ["order-service"]`,
    )
  })

  test('contains no subject that was escaped, if records have pseudonyms', async () => {
    const subject = `alice\u202e${hostile}`
    const harness = createGateHarness({ ...options, records: { pseudonymKey: 'k'.repeat(32) } })
    const token = issuer.token({ aud: options.audience, claims: { act: { sub: subject } } })
    const guard: MakeGuard = ({ requireActor }) => requireActor('order-service')
    expect(await runGuards(harness, [guard], token)).toBe(403)
    expect(harness.records[0]?.reason).not.toContain('alice')
    expect(harness.records[0]?.reason).toContain('"sub":"hmac-sha256:')
  })
})

describe("the error of onRefusal: 'throw'", () => {
  async function thrown(more: Partial<ResourceServerOptions> = {}) {
    const harness = createGateHarness({ ...options, ...more, onRefusal: 'throw' })
    const guard = harness.guards.requireAudience('secret-service-name')
    const result = await harness.pass({}, guard, bearer(issuer.token({ aud: 'stock-service' })))
    if (result.action !== 'throw') throw new Error('not refused')
    return result.error
  }

  test('has the code and the reason for the operator', async () => {
    const error = await thrown()
    expect(error).toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({
      code: 'audience_mismatch',
      reason: 'aud is ["stock-service"], expected one of ["secret-service-name"]',
    })
  })

  test.each<readonly [string, (error: Error) => unknown]>([
    ['JSON.stringify', (error) => error],
    ['JSON.stringify of an object with it', (error) => ({ error })],
    // oxlint-disable-next-line typescript/no-misused-spread -- what error handlers do
    ['spread', (error) => ({ ...error })],
    ['Object.assign', (error) => Object.assign({}, error)],
    ['Object.entries', (error) => Object.entries(error)],
  ])('shows neither to the caller by %s', async (_how, copy) => {
    const text = JSON.stringify(copy(await thrown()))
    expect(text).not.toMatch(/audience_mismatch|secret-service-name|stock-service/)
  })
})

describe('the reason of requireActor', () => {
  const guard: MakeGuard = ({ requireActor }) => requireActor({ iss: issuer.url, sub: 'a' })
  const reasonFor = async (provider: object, more: Readonly<Record<string, unknown>> = {}) => {
    const harness = createGateHarness({ ...options, ...provider })
    await runGuards(harness, [guard], issuer.token({ aud: options.audience, claims: more }))
    return harness.records[0]?.reason
  }
  const noActor = 'the token has no actor (act), but this route requires one. '

  test('names the exchange that writes no act only for tokens of its provider', async () => {
    const okta = { jti: 'AT.x', cid: 'web' }
    const ofOkta = "Okta's on-behalf-of exchange does not write act."
    expect(await reasonFor({}, okta)).toContain(`${noActor}${ofOkta}`)
    const general = 'Have the caller exchange its token for this service.'
    const reason = await reasonFor({})
    expect(reason).toContain(`${noActor}${general}`)
    expect(reason).not.toMatch(/Keycloak|Okta|Entra/)
  })

  test('has no advice about exchanges for an actor that is not allowed', async () => {
    const reason = await reasonFor({}, { act: { sub: 'b' } })
    expect(reason).toMatch(/is not allowed here$/)
  })
})
