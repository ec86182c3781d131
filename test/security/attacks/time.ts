import { expect } from 'vitest'
import type { CaseBuilder, Group } from '../runner/attempt.ts'
import type { Fixture } from '../fixtures/fixture.ts'

/** The claim's text as it stands in the payload, for numbers that JSON.stringify would not write. */
const written =
  (name: string, ...values: readonly (string | ((fixture: Fixture) => string))[]): CaseBuilder =>
  (fixture) =>
    values.map((value) => {
      const text = typeof value === 'string' ? value : value(fixture)
      const payload = JSON.stringify(fixture.claims({ [name]: '@' })).replace('"@"', text)
      return { name: `${name} ${text}`, token: fixture.token({ payload }) }
    })

const absent =
  (name: string): CaseBuilder =>
  (fixture) => ({ token: fixture.token({ claims: { [name]: undefined } }) })

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
  'TIME-exp-eq': written('exp', (fixture) => String(fixture.now)),
  'TIME-exp-missing': absent('exp'),
  'TIME-exp-null': written('exp', 'null'),
  'TIME-exp-true': written('exp', 'true'),
  'TIME-exp-arr': written('exp', '[9999999999]'),
  'TIME-exp-obj': written('exp', '{}'),
  'TIME-exp-inf': written('exp', '1e400'),
  'TIME-exp-9999': written('exp', '253402300800'),
  'TIME-exp-ms': written('exp', (fixture) => `${fixture.now + 300}000`),
  'TIME-exp-neg': written('exp', '-1', '-0', '0'),
  'TIME-exp-bigint': written('exp', '9007199254740993'),
  'TIME-exp-y2038': (fixture) => {
    fixture.clock.jump(2 ** 31 + 10 - fixture.now)
    const current = fixture.token()
    return {
      token: fixture.token({ claims: { iat: 2 ** 31 - 300, exp: 2 ** 31 - 1 } }),
      check: async (_, service) =>
        expect((await service.send({ token: current })).status, 'a current one').toBe(200),
    }
  },
  'TIME-nbf-inf': written('nbf', '1e400', '-1e400', (fixture) => String(fixture.now + 6)),
  'TIME-iat-str': written('iat', '"x"', (fixture) => `"${fixture.now}"`),
  'TIME-iat-missing': absent('iat'),
  'TIME-iat-after-exp': written('iat', (fixture) => String(fixture.now + 301)),
  'TIME-tol-neg': tolerances(-1, Number.NaN, Number.POSITIVE_INFINITY, '1e9s', null),
  'TIME-tol-huge': tolerances(601, 3600),
  'TIME-clock-back': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token({ claims: { nbf: fixture.now } })
      const asked = await service.send({ token }).then(({ status }) => {
        expect(status).toBe(200)
        return fixture.issuer.requests.length
      })
      fixture.clock.jump(-3600)
      const outcome = await service.send({ token })
      expect(fixture.issuer.requests.length, 'the age of keys has another clock').toBe(asked)
      return outcome
    },
  }),
}
