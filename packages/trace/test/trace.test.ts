import type { DecisionRecord } from '@resource-server/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { traceMermaid, traceSvg } from '../src/index.ts'

const issuer = 'https://as.example.com'
const actor = (subject: string) => ({ issuer, subject })

const user: DecisionRecord = {
  version: 1,
  time: '2026-11-24T10:00:00.000Z',
  outcome: 'granted',
  checks: [],
  request: { method: 'GET', path: '/me/orders/4711', route: '/me/orders/:id' },
  requiredAudience: ['user-service'],
  ...{ issuer, subject: 'user-42', clientId: 'web-shop', scopes: ['orders:read'] },
}
const order: DecisionRecord = {
  ...user,
  time: '2026-11-24T10:00:01.000Z',
  outcome: 'refused',
  code: 'scope_insufficient',
  reason: 'the token lacks orders:write',
  request: { method: 'DELETE', path: '/orders/4711' },
  requiredAudience: ['order-service'],
  ...{ clientId: 'user-service', actor: actor('user-service') },
  chain: { actors: [actor('user-service')], depth: 1, truncated: false },
}
const nobody: DecisionRecord = {
  version: 1,
  time: '2026-11-24T10:00:02.000Z',
  outcome: 'unavailable',
  code: 'keys_unavailable',
  reason: 'the keys cannot be had',
  checks: [],
  requiredAudience: ['order-service'],
  unverified: { issuer: 'https://elsewhere.example', alg: 'RS256' },
}

describe('as Mermaid', () => {
  test('in the order of the decisions, callers first', () => {
    expect(traceMermaid([nobody, order, user])).toBe(`sequenceDiagram
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

  test('names cannot end a line, open a tag or begin a comment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const hostile = { ...user, subject: name, clientId: `x${name}` }
        const lines = traceMermaid([hostile]).split(/[\r\n]/)
        expect(lines).toHaveLength(6)
        expect(lines.join('').replaceAll('<br/>', '')).not.toMatch(/[<]|%%/)
      }),
    )
  })
})

describe('as SVG', () => {
  const svg = traceSvg([user, order, nobody])

  test('shows every call with its chain and its decision', () => {
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text)
    expect(texts).toEqual(
      expect.arrayContaining([
        ...['web-shop', 'user-service', 'order-service', 'unknown'],
        ...['GET /me/orders/:id', 'user-42 · orders:read', 'granted'],
        ...['user-42 ⇐ user-service · orders:read', 'scope_insufficient', 'keys_unavailable'],
      ]),
    )
  })

  test('is one file: no script, no link, nothing from elsewhere', () => {
    expect(svg).not.toMatch(/<(script|style|image|use|a|foreignObject)\b|href|url\(/)
    expect(svg.match(/https?:\/\/[^"<\s]+/g)).toEqual([
      'http://www.w3.org/2000/svg',
      'https://elsewhere.example',
    ])
  })

  test('names become no markup, whatever they are', () => {
    const tags = (text: string): number => text.split('<').length
    const plain = tags(traceSvg([{ ...user, subject: 'a', clientId: 'b' }]))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        const drawn = traceSvg([{ ...user, subject: one, clientId: `x${other}` }])
        expect(tags(drawn)).toBe(plain)
        expect(drawn).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/)
        // What XML 1.0 cannot have at all: section 2.2.
        const bad = Array.from(drawn).filter(
          (character) => character < ' ' && !'\t\n\r'.includes(character),
        )
        expect(bad).toEqual([])
        expect(drawn.isWellFormed()).toBe(true)
      }),
    )
  })

  test('draws who calls itself, and nothing at all', () => {
    expect(traceSvg([{ ...user, clientId: 'user-service' }])).toContain('h32')
    expect(traceSvg([])).toMatch(/^<svg [^]*<\/svg>\n$/)
  })
})
