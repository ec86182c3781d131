import { describe, expect, test } from 'vitest'
import { hasUnknownMembers, readConfirmation } from '../../src/token/confirmation.ts'

const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

describe('readConfirmation', () => {
  test.each<readonly [object, object]>([
    [{ jkt }, { jkt }],
    [{ 'x5t#S256': jkt }, { 'x5t#S256': jkt }],
    [
      { jkt, 'x5t#S256': jkt },
      { jkt, 'x5t#S256': jkt },
    ],
    [{ jkt, kid: 'k' }, { jkt }],
  ])('reads %j', (cnf, expected) => {
    const confirmation = readConfirmation(cnf)
    expect(confirmation).toEqual(expected)
    expect(Object.isFrozen(confirmation)).toBe(true)
  })

  test.each([{}, { kid: 'k' }, { jwk: {} }, { x5t: jkt }, { x5c: [] }, { jwe: 'x' }])(
    'refuses %j, which has no member that can be checked',
    (cnf) => {
      expect(readConfirmation(cnf)).toMatchObject({
        code: 'binding_unsupported',
        reason: 'cnf has neither jkt nor x5t#S256, so it cannot be checked',
        detail: { claim: 'cnf' },
      })
    },
  )

  test.each([
    null,
    'x',
    [],
    [{ jkt }],
    { jkt: 7 },
    { jkt: '' },
    { jkt: [jkt] },
    { jkt: jkt.slice(1) },
    { jkt: `${jkt}=` },
    { jkt: `${jkt.slice(0, -1)}t` },
    { jkt: jkt.replace('-', '+') },
    { jkt: Buffer.from(jkt, 'base64url').toString('hex') },
    { jkt, 'x5t#S256': 'x' },
    { 'x5t#S256': jkt, jkt: null },
  ])('refuses %j, which is malformed', (cnf) => {
    expect(readConfirmation(cnf)).toMatchObject({ code: 'claim_malformed' })
  })

  test.each<readonly [cnf: unknown, reason: string]>([
    ['x', 'cnf is not an object'],
    [{ jkt: 7 }, 'cnf.jkt is not a SHA-256 hash in base64url'],
    [{ jkt, 'x5t#S256': 'x' }, 'cnf.x5t#S256 is not a SHA-256 hash in base64url'],
  ])('says what is wrong with %j: %s', (cnf, reason) => {
    expect(readConfirmation(cnf)).toMatchObject({ reason, detail: { claim: 'cnf' } })
  })
})

test.each<readonly [object, boolean]>([
  [{ jkt }, false],
  [{ jkt, 'x5t#S256': jkt }, false],
  [{ jkt, kid: 'k' }, true],
  [{ jkt: 'x', 'kc-jkt-type': 'DPoP' }, false],
  [{ jkt: 'x', 'kc-jkt-type': 'other' }, true],
  [{ jkt: 'x', 'other-type': 'DPoP' }, true],
  [{ kid: 'k' }, true],
  [{}, false],
])('hasUnknownMembers of %j: %s', (cnf, expected) => {
  expect(hasUnknownMembers(cnf)).toBe(expected)
})

test.each([undefined, null, 'kid', ['kid']])('%j has no unknown members', (cnf) => {
  expect(hasUnknownMembers(cnf)).toBe(false)
})
