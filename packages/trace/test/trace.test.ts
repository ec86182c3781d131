import type { DecisionRecord } from '@resource-server/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExchangeRecord } from '@resource-server/core/client'
import { traceMermaid, traceSvg } from '../src/index.ts'

const issuer = 'https://as.example.com'
const actor = (subject: string) => ({ issuer, subject })

const granted: DecisionRecord = {
  version: 1,
  time: '2026-11-24T10:00:00.000Z',
  outcome: 'granted',
  checks: [],
  request: { method: 'GET', path: '/me/orders/4711', route: '/me/orders/:id' },
  requiredAudience: ['user-service'],
  issuer,
  subject: 'user-42',
  clientId: 'web-shop',
  scopes: ['orders:read'],
}
const refused: DecisionRecord = {
  ...granted,
  time: '2026-11-24T10:00:01.000Z',
  outcome: 'refused',
  code: 'scope_insufficient',
  reason: 'the token lacks orders:write',
  request: { method: 'DELETE', path: '/orders/4711' },
  requiredAudience: ['order-service'],
  clientId: 'user-service',
  actor: actor('user-service'),
  chain: { actors: [actor('user-service')], depth: 1, truncated: false },
}
const unavailable: DecisionRecord = {
  version: 1,
  time: '2026-11-24T10:00:02.000Z',
  outcome: 'unavailable',
  code: 'keys_unavailable',
  reason: 'the keys are unavailable',
  checks: [],
  requiredAudience: ['order-service'],
  unverified: { issuer: 'https://elsewhere.example', alg: 'RS256' },
}

const exchanged: ExchangeRecord = {
  version: 1,
  kind: 'exchange',
  time: '2026-11-24T10:00:00.500Z',
  outcome: 'exchanged',
  decisionId: 'id-1',
  issuer: 'https://as.example.com/realms/shop',
  clientId: 'user-service',
  subject: 'user-42',
  target: ['order-service'],
  scopes: ['orders:read'],
  durationMs: 12,
}

const textsIn = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = '']) => text)
const timesIn = (svg: string): string[] =>
  textsIn(svg).filter((text) => /^(?:\d\d:\d\d:|\+)/.test(text))

describe('a token exchange', () => {
  test('is a call of the authorization server, between the requests that it belongs to', () => {
    const { code: _, reason: _reason, ...rest } = refused
    const next: DecisionRecord = { ...rest, outcome: 'granted' }
    expect(traceMermaid([next, exchanged, granted])).toBe(`sequenceDiagram
    participant p0 as web-shop
    participant p1 as user-service
    participant p2 as as.example.com
    participant p3 as order-service
    p0->>p1: GET /me/orders/:id<br/>user-42 · orders:read
    p1-->>p0: granted
    p1->>p2: exchange for order-service<br/>user-42 · orders:read
    p2-->>p1: exchanged
    p1->>p3: DELETE /orders/4711<br/>user-42 ⇐ user-service · orders:read
    p3-->>p1: granted
`)
  })

  test.each([
    ['cached', undefined, 'p1-->>p0: cached'],
    ['refused', 'exchange_denied', 'p1--xp0: exchange_denied'],
    ['unavailable', 'server_unavailable', 'p1--xp0: server_unavailable'],
  ] as const)('that is %s is drawn as such', (outcome, code, line) => {
    const record = { ...exchanged, outcome, ...(code && { code }) }
    expect(traceMermaid([record])).toContain(line)
    expect(traceSvg([record])).toContain(code ?? outcome)
  })
})

test('docs/trace.svg is the picture of an exchange and of a forwarded token', async () => {
  const { code: _, reason: _reason, ...rest } = refused
  const route = '/orders/:id'
  const next: DecisionRecord = {
    ...rest,
    outcome: 'granted',
    time: '2026-11-24T10:00:00.062Z',
    request: { method: 'GET', route },
  }
  const forwarded: DecisionRecord = {
    ...granted,
    outcome: 'refused',
    code: 'audience_mismatch',
    time: '2026-11-24T10:00:01.300Z',
    request: { method: 'GET', route },
    requiredAudience: ['order-service'],
  }
  const steps = new Map<unknown, string>([
    [granted, '1'],
    [forwarded, '2'],
  ])
  const exchange = { ...exchanged, time: '2026-11-24T10:00:00.041Z' }
  const stepOf = (record: unknown): string => steps.get(record) ?? '1'
  const picture = traceSvg([granted, exchange, next, forwarded], { stepOf })
  await expect(picture).toMatchFileSnapshot('../../../docs/trace.svg')
})

describe('traceMermaid', () => {
  test('writes the step in front of the request', () => {
    const text = traceMermaid([granted], { stepOf: () => '2.1' })
    expect(text).toContain('p0->>p1: 2.1 GET /me/orders/:id<br/>')
  })

  test('sorts calls by time and puts callers first', () => {
    expect(traceMermaid([unavailable, refused, granted])).toBe(`sequenceDiagram
    participant p0 as web-shop
    participant p1 as unknown
    participant p2 as user-service
    participant p3 as order-service
    p0->>p2: GET /me/orders/:id<br/>user-42 · orders:read
    p2-->>p0: granted
    p2->>p3: DELETE /orders/4711<br/>user-42 ⇐ user-service · orders:read
    p3--xp2: scope_insufficient
    p1->>p3: #8203;<br/>unverified: https://elsewhere.example · RS256
    p3--xp1: keys_unavailable
`)
  })

  test('shows only the method of a request whose route and path are not recorded', () => {
    const picture = traceMermaid([{ ...granted, request: { method: 'GET' } }])
    expect(picture).toContain('p0->>p1: GET<br/>user-42')
  })

  test('escapes names that would end a line, open a tag or start a comment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const hostile = { ...granted, subject: name, clientId: `x${name}` }
        const lines = traceMermaid([hostile]).split(/[\r\n]/)
        expect(lines).toHaveLength(6)
        expect(lines.join('').replaceAll('<br/>', '')).not.toMatch(/[<]|%%/)
      }),
    )
  })
})

describe('traceSvg', () => {
  const svg = traceSvg([granted, refused, unavailable])

  test('shows each call with its actor chain and its decision', () => {
    expect(textsIn(svg)).toEqual(
      expect.arrayContaining([
        'web-shop',
        'user-service',
        'order-service',
        'unknown',
        'GET /me/orders/:id',
        'user-42 · orders:read',
        'granted',
        'user-42 ⇐ user-service · orders:read',
        'scope_insufficient',
        'keys_unavailable',
      ]),
    )
  })

  test('shows the time of the first call in UTC, and of the others relative to it', () => {
    const later = { ...granted, time: '2026-11-24T12:30:00.000Z' }
    const minutes = { ...granted, time: '2026-11-24T10:01:30.000Z' }
    const [first, ...rest] = timesIn(traceSvg([granted, exchanged, refused, later, minutes]))
    expect(first).toBe('10:00:00.000')
    expect(rest).toEqual(['+500 ms', '+1.0 s', '+1.5 min', '+2.5 h'])
  })

  test('shows no time for a record with an invalid time', () => {
    expect(timesIn(traceSvg([{ ...granted, time: 'now' }]))).toEqual([])
  })

  test('shows the step of the first call of each group, and separates the groups', () => {
    const steps = new Map([
      [granted.time, '2.1'],
      [exchanged.time, '2.1'],
      [refused.time, '3.1'],
    ])
    const records = [granted, exchanged, refused]
    const drawn = traceSvg(records, { stepOf: ({ time }) => steps.get(time) })
    expect(textsIn(drawn).filter((text) => /^\d\.\d$/.test(text))).toEqual(['2.1', '3.1'])
    expect(textsIn(drawn)).toContain('step')
    expect(drawn.split('<line x1="0"')).toHaveLength(2)
    expect(textsIn(traceSvg(records))).not.toContain('step')
  })

  test('has a legend with the color of each outcome', () => {
    expect(textsIn(traceSvg([]))).toEqual(
      expect.arrayContaining(['granted', 'refused', 'unavailable']),
    )
    const colors = new Set(traceSvg([]).match(/fill="#(?:1a7f37|b3261e|9a6700)"/g))
    expect(colors.size).toBe(3)
  })

  test('contains no script, no link and no external resource', () => {
    expect(svg).not.toMatch(/<(script|style|image|use|a|foreignObject)\b|href|url\(/)
    expect(svg.match(/https?:\/\/[^"<\s]+/g)).toEqual([
      'http://www.w3.org/2000/svg',
      'https://elsewhere.example',
    ])
  })

  test('escapes all names, so that none becomes markup', () => {
    const countTags = (text: string): number => text.split('<').length
    const expectedTags = countTags(traceSvg([{ ...granted, subject: 'a', clientId: 'b' }]))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (subject, clientId) => {
        const drawn = traceSvg([{ ...granted, subject, clientId: `x${clientId}` }])
        expect(countTags(drawn)).toBe(expectedTags)
        expect(drawn).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/)
        // XML 1.0 section 2.2 does not allow these control characters.
        const forbidden = Array.from(drawn).filter(
          (character) => character < ' ' && !'\t\n\r'.includes(character),
        )
        expect(forbidden).toEqual([])
        expect(drawn.isWellFormed()).toBe(true)
      }),
    )
  })

  test('draws a service that calls itself, and an empty list of records', () => {
    expect(traceSvg([{ ...granted, clientId: 'user-service' }])).toContain('h32')
    expect(traceSvg([])).toMatch(/^<svg [^]*<\/svg>\n$/)
  })
})
