import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { audience } from '../fixtures/fixture.ts'

const named =
  (...values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    values.map((aud) => ({ name: JSON.stringify(aud), token: fixture.token({ claims: { aud } }) }))

const configured =
  (...values: readonly unknown[]): CaseBuilder =>
  () =>
    values.flatMap((value) => [
      { name: `the option ${String(value)}`, misuse: true, options: { audience: value } },
      {
        name: `the guard ${String(value)}`,
        misuse: true,
        guards: (api) => [api.requireAudience(value as string)],
      },
    ])

export const audienceCases: Group = {
  'AUD-missing': named(undefined),
  'AUD-empty-arr': named([]),
  'AUD-num-arr': named([1]),
  'AUD-null-arr': named([null]),
  'AUD-nested': named([[audience]]),
  'AUD-true': named(true),
  'AUD-num': named(1),
  'AUD-obj': named({ 0: audience }, { 0: audience, length: 1 }),
  'AUD-empty-in-arr': named(['']),
  'AUD-mixed-arr': named([audience, 1]),
  'AUD-prefix': named(`${audience}.evil`, audience.slice(0, -1), `${audience}/`),
  'AUD-case': named('https://API.EXAMPLE', 'HTTPS://api.example'),
  'AUD-norm': named(
    ...['https://api.example:443', 'https://%61pi.example', 'https://api.example/./'],
    ...['https://api.example.', 'https://xn--pi-7kc.example', 'https://\u0430pi.example'],
  ),
  'AUD-ws': named(` ${audience}`, `${audience}\u00a0`, `${audience}\n`),
  'AUD-csv': named(`https://a ${audience}`, `https://a,${audience}`),
  'AUD-wild': named('*', 'https://*.example', '.*'),
  'AUD-clientid': named('client-1'),
  'AUD-regex-global': configured(/api/g, [/api/g]),
  'AUD-cfg-empty': configured('', [], [''], ' ', undefined),
}
