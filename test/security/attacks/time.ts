import { expect } from 'vitest'
import type { Builder, Group } from '../runner/attempt.ts'
import type { Bench } from '../fixtures/fixture.ts'

/** The claim's text as it stands in the payload, for numbers that JSON.stringify would not write. */
const written =
  (name: string, ...values: readonly (string | ((bench: Bench) => string))[]): Builder =>
  (bench) =>
    values.map((value) => {
      const text = typeof value === 'string' ? value : value(bench)
      const payload = JSON.stringify(bench.claims({ [name]: '@' })).replace('"@"', text)
      return { name: `${name} ${text}`, token: bench.token({ payload }) }
    })

const absent =
  (name: string): Builder =>
  (bench) => ({ token: bench.token({ claims: { [name]: undefined } }) })

const tolerances = (...values: readonly unknown[]): Builder => {
  return () =>
    values.map((value) => ({
      name: String(value),
      misuse: true,
      options: { clockTolerance: value },
    }))
}

export const time: Group = {
  'TIME-expired': (bench) => ({
    options: { clockTolerance: 0 },
    token: bench.token({ claims: { iat: bench.now - 300, exp: bench.now - 1 } }),
  }),
  'TIME-exp-eq': written('exp', (bench) => String(bench.now)),
  'TIME-exp-missing': absent('exp'),
  'TIME-exp-null': written('exp', 'null'),
  'TIME-exp-true': written('exp', 'true'),
  'TIME-exp-arr': written('exp', '[9999999999]'),
  'TIME-exp-obj': written('exp', '{}'),
  'TIME-exp-inf': written('exp', '1e400'),
  'TIME-exp-9999': written('exp', '253402300800'),
  'TIME-exp-ms': written('exp', (bench) => `${bench.now + 300}000`),
  'TIME-exp-neg': written('exp', '-1', '-0', '0'),
  'TIME-exp-bigint': written('exp', '9007199254740993'),
  'TIME-exp-y2038': (bench) => {
    bench.clock.jump(2 ** 31 + 10 - bench.now)
    const current = bench.token()
    return {
      token: bench.token({ claims: { iat: 2 ** 31 - 300, exp: 2 ** 31 - 1 } }),
      after: async (_, service) =>
        expect((await service.send({ token: current })).status, 'a current one').toBe(200),
    }
  },
  'TIME-nbf-inf': written('nbf', '1e400', '-1e400', (bench) => String(bench.now + 6)),
  'TIME-iat-str': written('iat', '"x"', (bench) => `"${bench.now}"`),
  'TIME-iat-missing': absent('iat'),
  'TIME-iat-after-exp': written('iat', (bench) => String(bench.now + 301)),
  'TIME-tol-neg': tolerances(-1, Number.NaN, Number.POSITIVE_INFINITY, '1e9s', null),
  'TIME-tol-huge': tolerances(601, 3600),
  'TIME-clock-back': (bench) => ({
    run: async (start) => {
      const service = await start()
      const token = bench.token({ claims: { nbf: bench.now } })
      const asked = await service.send({ token }).then(({ status }) => {
        expect(status).toBe(200)
        return bench.authority.asked.length
      })
      bench.clock.jump(-3600)
      const outcome = await service.send({ token })
      expect(bench.authority.asked.length, 'the age of keys has another clock').toBe(asked)
      return outcome
    },
  }),
}
