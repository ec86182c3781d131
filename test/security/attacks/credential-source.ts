import { fromCookie, fromHeader } from '@resource-server/core'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'

const cookie = {
  credential: fromCookie('__Host-session', { origins: ['https://app.example'] }),
}
const header = { credential: fromHeader('X-Proxy-Token') }

type Lines = (token: string) => readonly string[]

/** Header lines with a valid token, for a service with these options. */
const sent =
  (options: Attempt['options'] & object, ...written: readonly Lines[]): CaseBuilder =>
  (fixture) =>
    written.map((write, at) => ({ name: String(at), options, lines: write(fixture.token()) }))

const toCookie = (...written: readonly Lines[]): CaseBuilder => sent(cookie, ...written)

/** Unsafe requests with the cookie, from these origins. */
const from =
  (...origins: readonly (readonly string[])[]): CaseBuilder =>
  (fixture) =>
    origins.map((lines) => ({
      name: lines.join(),
      options: cookie,
      method: 'POST',
      lines: [`Cookie: __Host-session=${fixture.token()}`, ...lines],
    }))

const inAnotherPlace: CaseBuilder = (fixture) => [
  { options: cookie, path: `/?__Host-session=${fixture.token()}`, lines: [] },
  { options: cookie, lines: [`__Host-session: ${fixture.token()}`] },
  { options: cookie, lines: [`Set-Cookie: __Host-session=${fixture.token()}`] },
  { options: header, path: `/?X-Proxy-Token=${fixture.token()}`, lines: [] },
  { options: header, lines: [`Cookie: X-Proxy-Token=${fixture.token()}`] },
]

export const credentialSourceCases: Group = {
  'SRC-ctrl-cookie': toCookie(
    (token) => [`Cookie: __Host-session=${token}`],
    (token) => [`Cookie: a=b; __Host-session="${token}"; c=d`],
  ),
  'SRC-ctrl-header': sent(header, (token) => [`X-PROXY-TOKEN: ${token}`]),
  'SRC-authorization': toCookie((token) => [`Authorization: Bearer ${token}`]),
  'SRC-both': toCookie(
    (token) => [`Cookie: __Host-session=${token}`, `Authorization: Bearer ${token}`],
    (token) => [`Cookie: __Host-session=${token}`, 'Authorization: Basic eDp5'],
    (token) => [`Cookie: __Host-session=x`, `Authorization: Bearer ${token}`],
  ),
  'SRC-cookie-dup': toCookie(
    (token) => [`Cookie: __Host-session=${token}; __Host-session=x`],
    (token) => [`Cookie: __Host-session=x; __Host-session=${token}`],
    (token) => [`Cookie: __Host-session=; a=b; __Host-session=${token}`],
  ),
  'SRC-cookie-prefix': toCookie(
    (token) => [`Cookie: __host-session=${token}`],
    (token) => [`Cookie: a=b; \u00a0__Host-session=${token}`],
    (token) => [`Cookie: a=b;\t__Host-session=${token}`],
    (token) => [`Cookie: __Host-session =${token}`],
    (token) => [`Cookie: =__Host-session=${token}`],
    (token) => [`Cookie: __Host-session[]=${token}`],
  ),
  'SRC-cookie-sandwich': toCookie((token) => [
    `Cookie: $Version=1; __Host-session="x; a=b"; __Host-session=${token}`,
  ]),
  'SRC-cookie-large': (fixture) => ({
    options: cookie,
    lines: [`Cookie: __Host-session=${fixture.token()}${'x'.repeat(9000)}`],
  }),
  'SRC-header-dup': sent(
    header,
    (token) => [`X-Proxy-Token: ${token}`, `X-Proxy-Token: ${token}`],
    (token) => [`X-Proxy-Token: ${token}, x`],
  ),
  'SRC-header-scheme': sent(header, (token) => [`X-Proxy-Token: Bearer ${token}`]),
  'SRC-other-place': inAnotherPlace,
  'SRC-csrf': from(
    [],
    ['Origin: https://evil.example'],
    ['Origin: null'],
    ['Origin: https://app.example.evil.example'],
    ['Origin: http://app.example'],
    ['Origin: https://app.example', 'Origin: https://evil.example'],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: none'],
    ['Referer: https://app.example/', 'Host: app.example'],
    ['X-HTTP-Method-Override: GET'],
  ),
  'SRC-cswsh': (fixture) => ({
    options: cookie,
    lines: [
      `Cookie: __Host-session=${fixture.token()}`,
      'Upgrade: websocket',
      'Origin: https://evil.example',
    ],
  }),
  'SRC-downgrade': (fixture) => {
    const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    const token = fixture.token({ claims: { cnf: { jkt } } })
    const publicUrl = 'https://api.example'
    return [
      { options: { ...cookie, publicUrl }, lines: [`Cookie: __Host-session=${token}`] },
      { options: { ...header, publicUrl }, lines: [`X-Proxy-Token: ${token}`, 'DPoP: x'] },
    ]
  },
  'SRC-config': () =>
    [
      { credential: '__Host-session' },
      { credential: { from: 'query', name: 'access_token' } },
      { ...cookie, dpop: 'required', publicUrl: 'https://api.example' },
      { ...cookie, optional: true, ignoreOtherSchemes: true },
    ].map((options) => ({ name: JSON.stringify(options), misuse: true as const, options })),
}
