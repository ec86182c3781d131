import { describe, expect, test } from 'vitest'
import {
  ConfigError,
  createVerifier,
  defaultProfile,
  extend,
  type VerifierOptions,
} from '../../src/index.ts'
import * as providers from '../../src/providers/index.ts'
import { keycloak, rfc9068 } from '../../src/providers/index.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
/** Like the value of an unset variable in JavaScript. */
const unset = undefined as never
const realm = 'https://keycloak.example.com/realms/shop'

async function verify(claims: object, options: Partial<VerifierOptions>) {
  const header = { typ: 'JWT' }
  const token = issuer.token({ aud, header, claims: { client_id: undefined, ...claims } })
  return await createVerifier({ ...optionsFor(issuer), ...options }).check(token)
}

describe('extend', () => {
  test('replaces the given members of a profile and keeps the others', () => {
    const extended = extend(defaultProfile, { name: 'ours', scopeClaims: ['permissions'] })
    expect(extended).toEqual({ ...defaultProfile, name: 'ours', scopeClaims: ['permissions'] })
    expect(Object.isFrozen(extended)).toBe(true)
  })

  test('replaces members of the profile of a provider, and keeps the issuer', () => {
    const base = keycloak(realm)
    const permissions = [{ path: ['permissions'] }]
    const extended = extend(base, { permissions })
    expect(extended).toEqual({ issuer: realm, profile: { ...base.profile, permissions } })
    expect(Object.isFrozen(extended)).toBe(true)
    expect(base.profile).not.toHaveProperty('permissions')
  })

  test('keeps other issuer options', () => {
    const base = { ...rfc9068('https://as.example.com'), algorithms: ['ES256'] as const }
    expect(extend(base, { name: 'ours' }).algorithms).toEqual(['ES256'])
  })

  test('copies, so that later changes have no effect', () => {
    const scopeClaims = ['permissions']
    const extended = extend(defaultProfile, { scopeClaims })
    scopeClaims.push('scope')
    expect(extended.scopeClaims).toEqual(['permissions'])
  })

  test('without changes returns an equal profile', () => {
    expect(extend(defaultProfile, {})).toEqual(defaultProfile)
  })

  test.each<readonly [call: string, run: () => unknown, problem: string]>([
    [
      "extend(defaultProfile, { scopeClaim: ['x'] })",
      () => extend(defaultProfile, { scopeClaim: ['x'] } as never),
      "Unknown member 'scopeClaim' of the profile.",
    ],
    [
      "extend(defaultProfile, { scopeClaims: 'x' })",
      () => extend(defaultProfile, { scopeClaims: 'x' as never }),
      "The profile's 'scopeClaims' must be a list of names.",
    ],
    [
      'extend(defaultProfile, { roles: undefined })',
      () => extend(defaultProfile, { roles: unset }),
      "The profile's 'roles' must be a list",
    ],
    [
      'extend(keycloak(url), { roleOf: 1 })',
      () => extend(keycloak(realm), { roleOf: 1 } as never),
      "Unknown member 'roleOf' of the profile.",
    ],
    [
      'extend(defaultProfile)',
      () => extend(defaultProfile, undefined as never),
      'An object of profile members is required, got undefined.',
    ],
    [
      "extend('rfc9068', {})",
      () => extend('rfc9068' as never, {}),
      'extend() needs a profile, or the result of a provider function',
    ],
    ['extend({}, {})', () => extend({} as never, {}), "The profile must have the member 'name'."],
    [
      'extend({ profile: undefined }, {})',
      () => extend({ profile: undefined } as never, {}),
      "The profile must have the member 'name'.",
    ],
  ])('throws a ConfigError for %s', (_call, run, problem) => {
    expect(run).toThrow(ConfigError)
    expect(run).toThrow(problem)
  })

  test('says what to write instead of something that is not a profile', () => {
    const fix =
      "Write extend(defaultProfile, { scopeClaims: ['permissions'] }) or extend(keycloak(url), …)."
    const problem =
      'extend() needs a profile, or the result of a provider function, as its first argument.'
    expect(() => extend(null as never, {})).toThrow(new ConfigError(problem, fix))
    expect(() => extend(defaultProfile, null as never)).toThrow(fix)
  })

  test('is exported next to the providers, too', () => {
    expect(providers.extend).toBe(extend)
    expect(providers.defaultProfile).toBe(defaultProfile)
  })
})

describe('a verifier with an extended profile', () => {
  test('reads scopes from another claim', async () => {
    const profile = extend(defaultProfile, { scopeClaims: ['permissions', 'scope'] })
    const result = await verify({ permissions: ['a'], scope: 'b' }, { profile })
    expect(result).toMatchObject({ ok: true, token: { scopes: ['a'] } })
  })

  test('reads the client ID from another claim', async () => {
    const profile = extend(defaultProfile, { clientClaims: ['app'] })
    expect(await verify({ app: 'shop' }, { profile })).toMatchObject({
      ok: true,
      token: { clientId: 'shop' },
    })
  })

  test('reads roles', async () => {
    const profile = extend(defaultProfile, { roles: [{ path: ['access', 'roles'] }] })
    const result = await verify({ scope: 'a', access: { roles: ['admin'] } }, { profile })
    expect(result).toMatchObject({ ok: true, token: { roles: ['admin'] } })
  })

  test('accepts another typ, as the reason of the refusal suggests', async () => {
    const token = issuer.token({ aud, header: { typ: 'access+jwt' } })
    const plain = await createVerifier(optionsFor(issuer)).check(token)
    expect(plain).toMatchObject({ code: 'type_not_accepted' })
    const profile = extend(defaultProfile, { types: [...defaultProfile.types, 'access+jwt'] })
    const result = await createVerifier({ ...optionsFor(issuer), profile }).check(token)
    expect(result.ok).toBe(true)
  })
})

test('the default profile cannot be changed by other code', () => {
  expect(() => (defaultProfile.types as unknown[]).push('other')).toThrow(TypeError)
  expect(() => Object.assign(defaultProfile, { acceptUnmarked: true })).toThrow(TypeError)
  expect(rfc9068('https://as.example.com').profile).toSatisfy(Object.isFrozen)
})

test('the default profile inherits nothing from a polluted Object.prototype', () => {
  Reflect.set(Object.prototype, 'acceptUnmarked', true)
  try {
    expect(defaultProfile.acceptUnmarked).toBeUndefined()
  } finally {
    Reflect.deleteProperty(Object.prototype, 'acceptUnmarked')
  }
})
