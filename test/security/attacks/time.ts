import { expect } from 'vitest'
import type { CaseBuilder, Group } from '../runner/attempt.ts'
import type { Fixture } from '../fixtures/fixture.ts'

/** Claims with these values as JSON text, for numbers that JSON.stringify does not write. */
const withText =
  (name: string, ...values: readonly (string | ((fixture: Fixture) => string))[]): CaseBuilder =>
  (fixture) =>
    values.map((value) => {
      const text = typeof value === 'string' ? value : value(fixture)
      const payload = JSON.stringify(fixture.claims({ [name]: '@' })).replace('"@"', text)
      return { name: `${name} ${text}`, token: fixture.token({ payload }) }
    })

const without =
  (name: string): CaseBuilder =>
  (fixture) => ({ token: fixture.token({ claims: { [name]: undefined } }) })

/** Invalid values of the option `clockTolerance`. */
const tolerances = (...values: readonly unknown[]): CaseBuilder => {
  return () =>
    values.map((value) => ({
      name: String(value),
      misuse: true,
      options: { clockTolerance: value },
    }))
}

export const timeCases: Group = {
  'TIME-expired': (fixture) => ({
    options: { clockTolerance: 0 },
    token: fixture.token({ claims: { iat: fixture.now - 300, exp: fixture.now - 1 } }),
  }),
  'TIME-exp-eq': withText('exp', (fixture) => String(fixture.now)),
  'TIME-exp-missing': without('exp'),
  'TIME-exp-null': withText('exp', 'null'),
  'TIME-exp-true': withText('exp', 'true'),
  'TIME-exp-arr': withText('exp', '[9999999999]'),
  'TIME-exp-obj': withText('exp', '{}'),
  'TIME-exp-inf': withText('exp', '1e400'),
  'TIME-exp-9999': withText('exp', '253402300800'),
  'TIME-exp-ms': withText('exp', (fixture) => `${fixture.now + 300}000`),
  'TIME-exp-neg': withText('exp', '-1', '-0', '0'),
  'TIME-exp-bigint': withText('exp', '9007199254740993'),
  'TIME-exp-y2038': (fixture) => {
    fixture.clock.jump(2 ** 31 + 10 - fixture.now)
    const current = fixture.token()
    return {
      token: fixture.token({ claims: { iat: 2 ** 31 - 300, exp: 2 ** 31 - 1 } }),
      check: async (_, service) =>
        expect((await service.send({ token: current })).status, 'a current token').toBe(200),
    }
  },
  'TIME-nbf-inf': withText('nbf', '1e400', '-1e400', (fixture) => String(fixture.now + 6)),
  'TIME-iat-str': withText('iat', '"x"', (fixture) => `"${fixture.now}"`),
  'TIME-iat-missing': without('iat'),
  'TIME-iat-after-exp': withText('iat', (fixture) => String(fixture.now + 301)),
  'TIME-tol-neg': tolerances(-1, Number.NaN, Number.POSITIVE_INFINITY, '1e9s', null),
  'TIME-tol-huge': tolerances(601, 3600),
  'TIME-clock-back': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token({ claims: { nbf: fixture.now } })
      const requestsBefore = await service.send({ token }).then(({ status }) => {
        expect(status).toBe(200)
        return fixture.issuer.requests.length
      })
      fixture.clock.jump(-3600)
      const outcome = await service.send({ token })
      expect(fixture.issuer.requests.length, 'keys age by the monotonic clock').toBe(requestsBefore)
      return outcome
    },
  }),
}
