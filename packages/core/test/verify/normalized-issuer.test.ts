import { expect, test } from 'vitest'
import { isNormalizedIssuer } from '../../src/verify/resolved-issuers.ts'

const origin = 'https://as.example.com'
const ofLength = (length: number): string => `${origin}/${'a'.repeat(length - origin.length - 1)}`

test.each([
  origin,
  `${origin}/`,
  `${origin}/realms/a`,
  `${origin}/realms/a/`,
  `${origin}:8443/a`,
  `${origin}/a.b/c..d`,
  `${origin}/~a!b`,
  'http://localhost:8080',
  'http://127.0.0.1:8080/a',
  ofLength(512),
])('%s is a normalized issuer URL', (iss) => {
  expect(isNormalizedIssuer(iss, false)).toBe(true)
})

test('an http URL that is not on loopback requires allowInsecureHttp', () => {
  expect(isNormalizedIssuer('http://as.example.com', false)).toBe(false)
  expect(isNormalizedIssuer('http://as.example.com', true)).toBe(true)
})

test.each([
  '',
  'as.example.com',
  ofLength(513),
  'HTTPS://as.example.com',
  'https://AS.example.com',
  `${origin}:443`,
  `${origin}:443/a`,
  `${origin}/?`,
  `${origin}/#`,
  `${origin}?a`,
  'https://user@as.example.com',
  'https://user:secret@as.example.com',
  'https://as.example.com.',
  'https://as.example.com./a',
  'https://as.example.com.:8443/a',
  `${origin}/.`,
  `${origin}/a/.`,
  `${origin}/a/../b`,
  `${origin}/a./b`,
  `${origin}/a//b`,
  `${origin}//`,
  `${origin}/%61`,
  `${origin}/a\\b`,
  `${origin}/a b`,
  `${origin}/a\n`,
  ` ${origin}`,
  `${origin}/ä`,
  `${origin}/\u007f`,
  'https://аs.example.com',
  'https://0x7f000001',
  'https:as.example.com',
  'https:/as.example.com',
])('%j is not a normalized issuer URL', (iss) => {
  expect(isNormalizedIssuer(iss, false)).toBe(false)
})
