import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { audience } from '../fixtures/fixture.ts'

/** Tokens with these values of `aud`. */
const withAud =
  (...values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    values.map((aud) => ({ name: JSON.stringify(aud), token: fixture.token({ claims: { aud } }) }))

/** These values as the option `audience`, and as the argument of the guard. */
const configuredAs =
  (...values: readonly unknown[]): CaseBuilder =>
  () =>
    values.flatMap((value) => [
      { name: `option ${String(value)}`, misuse: true, options: { audience: value } },
      {
        name: `guard ${String(value)}`,
        misuse: true,
        guards: (api) => [api.requireAudience(value as string)],
      },
    ])

export const audienceCases: Group = {
  'AUD-missing': withAud(undefined),
  'AUD-empty-arr': withAud([]),
  'AUD-num-arr': withAud([1]),
  'AUD-null-arr': withAud([null]),
  'AUD-nested': withAud([[audience]]),
  'AUD-true': withAud(true),
  'AUD-num': withAud(1),
  'AUD-obj': withAud({ 0: audience }, { 0: audience, length: 1 }),
  'AUD-empty-in-arr': withAud(['']),
  'AUD-mixed-arr': withAud([audience, 1]),
  'AUD-prefix': withAud(`${audience}.evil`, audience.slice(0, -1), `${audience}/`),
  'AUD-case': withAud('https://API.EXAMPLE', 'HTTPS://api.example'),
  'AUD-norm': withAud(
    'https://api.example:443',
    'https://%61pi.example',
    'https://api.example/./',
    'https://api.example.',
    'https://xn--pi-7kc.example',
    'https://\u0430pi.example',
  ),
  'AUD-ws': withAud(` ${audience}`, `${audience}\u00a0`, `${audience}\n`),
  'AUD-csv': withAud(`https://a ${audience}`, `https://a,${audience}`),
  'AUD-wild': withAud('*', 'https://*.example', '.*'),
  'AUD-clientid': withAud('client-1'),
  'AUD-regex-global': configuredAs(/api/g, [/api/g]),
  'AUD-cfg-empty': configuredAs('', [], [''], ' ', undefined),
}
