/** Options that cannot be right, and what the error says. */

export const issuer = 'https://as.example.com'
export const audience = 'order-service'
export const base = { issuer, audience }
const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
export const profile = {
  name: 'own',
  types: [],
  clientClaims: [],
  scopeClaims: [],
  requiredClaims: [],
}

export type Case = readonly [what: string, options: unknown, says: string]

export const general: readonly Case[] = [
  ['no options', undefined, 'There is no object of options'],
  ['null', null, 'There is no object of options'],
  ['a string', issuer, 'There is no object of options'],
  ['a list', [issuer], 'There is no object of options'],
  [
    'an unknown name',
    { ...base, audiences: [audience] },
    "no option called 'audiences'. There are",
  ],
  ['a name in the wrong case', { ...base, clocktolerance: 1 }, "Write 'clockTolerance'"],
  ['a name that objects inherit', { ...base, toString: 1 }, "no option called 'toString'"],
]

export const issuers: readonly Case[] = [
  ['no issuer', { audience }, "'issuer' is not a string. Write issuer: 'https://…'"],
  ['an issuer that is null', { ...base, issuer: null }, "'issuer' is not a string"],
  [
    'an issuer that is a URL object',
    { ...base, issuer: new URL(issuer) },
    "'issuer' is not a string",
  ],
  ['an empty issuer', { ...base, issuer: '' }, 'is not a URL'],
  ['an issuer without a scheme', { ...base, issuer: 'as.example.com' }, 'is not a URL'],
  ['an issuer without slashes', { ...base, issuer: 'https:as.example.com' }, 'is not a URL'],
  ['an issuer with white space', { ...base, issuer: `${issuer} ` }, 'is not a URL'],
  ['an issuer with a line break', { ...base, issuer: 'https://as.exa\nmple.com' }, 'is not a URL'],
  ['an issuer with a query', { ...base, issuer: `${issuer}?a=b` }, 'a user, a query or a fragment'],
  [
    'an issuer with an empty query',
    { ...base, issuer: `${issuer}?` },
    'a user, a query or a fragment',
  ],
  ['an issuer with a fragment', { ...base, issuer: `${issuer}#` }, 'a user, a query or a fragment'],
  ['an issuer with a user', { ...base, issuer: 'https://u:p@as.example.com' }, 'a user, a query'],
  ['an http issuer', { ...base, issuer: 'http://as.example.com' }, 'is not https. Use https.'],
  ['a file', { ...base, issuer: 'file:///etc/passwd' }, 'is not https'],
  [
    'issuer and issuers',
    { ...base, issuers: [issuer] },
    "Both 'issuers' and 'issuer' are set. Move 'issuer'",
  ],
  [
    'issuers and jwksUri',
    { audience, issuers: [issuer], jwksUri: `${issuer}/jwks` },
    "Both 'issuers' and 'jwksUri'",
  ],
  [
    'issuers and jwks',
    { audience, issuers: [issuer], jwks: { keys: [key] } },
    "Both 'issuers' and 'jwks'",
  ],
  ['no issuers', { audience, issuers: [] }, "'issuers' is not a non-empty list"],
  ['issuers that are no list', { audience, issuers: issuer }, "'issuers' is not a non-empty list"],
  ['an issuer twice', { audience, issuers: [issuer, { issuer }] }, 'configured twice'],
  [
    'an entry that is null',
    { audience, issuers: [null] },
    'There is no object of an entry of issuers',
  ],
  [
    'an entry with an unknown name',
    { audience, issuers: [{ issuer, audiance: 'x' }] },
    "no option of an issuer called 'audiance'",
  ],
  [
    'an entry with an option of the whole',
    { audience, issuers: [{ issuer, clock: {} }] },
    "called 'clock'",
  ],
  ['an entry without an issuer', { audience, issuers: [{ audience }] }, "'issuer' is not a string"],
  [
    'an entry with an audience that is undefined',
    { audience, issuers: [{ issuer, audience: undefined }] },
    "'audience' is undefined",
  ],
]

export const audiences: readonly Case[] = [
  [
    'no audience',
    { issuer },
    `There is no audience for '${issuer}'. Set audience: 'order-service'`,
  ],
  [
    'no audience for one of two',
    { issuers: [{ issuer, audience }, `${issuer}/b`] },
    `no audience for '${issuer}/b'`,
  ],
  ...[null, '', ' ', [], [''], [audience, 1], /order/, { only: '' }, { only: [] }, {}, 1, true].map(
    (odd): Case => [
      `the audience ${odd instanceof RegExp ? odd : JSON.stringify(odd)}`,
      { issuer, audience: odd },
      'The audience must be a non-empty string',
    ],
  ),
  [
    'an audience with more than only',
    { issuer, audience: { only: 'a', or: 'b' } },
    'The audience must be',
  ],
]

export const limits: readonly Case[] = [
  ['clockTolerance', 0, 600],
  ['maxLifetime', 1, 1e10],
  ['maxTokenBytes', 256, 1e6],
  ['maxActorDepth', 1, 16],
  ['maxResolvedIssuers', 1, 10_000],
].flatMap(([name, min, max]) =>
  [NaN, Infinity, -Infinity, -1, Number(min) - 1, Number(max) + 1, '5', null, [5], 5n, true].map(
    (odd): Case => [
      `${name}: ${typeof odd === 'bigint' ? '5n' : (JSON.stringify(odd) ?? '')} (${String(odd)})`,
      { ...base, [name as string]: odd },
      `'${name}' is not a`,
    ],
  ),
)

export const others: readonly Case[] = [
  ['half an actor', { ...base, maxActorDepth: 2.5 }, 'not a whole number from 1 to 16'],
  ['half a byte', { ...base, maxTokenBytes: 512.5 }, 'not a whole number'],
  ['no algorithms', { ...base, algorithms: [] }, "'algorithms' is not a non-empty list"],
  ['an algorithm that is no list', { ...base, algorithms: 'RS256' }, "'algorithms' is not"],
  ...['HS256', 'none', 'None', 'rs256', 'RSA-OAEP', 'ES256K', '', null].map((odd): Case => [
    `the algorithm ${odd}`,
    { ...base, algorithms: ['RS256', odd] },
    "Symmetric algorithms and 'none' cannot be allowed",
  ]),
  [
    'a delegation that does not exist',
    { ...base, delegation: 'never' },
    'none of any, direct, delegated',
  ],
  [
    'an onDecision that is no function',
    { ...base, onDecision: {} },
    "'onDecision' is not a function",
  ],
  ['a fetch that is no function', { ...base, fetch: null }, "'fetch' is not a function"],
  ['a clock that is null', { ...base, clock: null }, "'clock' lacks now() or monotonic()"],
  ['a clock with one hand', { ...base, clock: { now: Date.now } }, "'clock' lacks"],
  ['a yes in words', { ...base, allowInsecureHttp: 'yes' }, "'allowInsecureHttp' is not a boolean"],
  ['a 1 for a yes', { ...base, allowInsecureHttp: 1 }, "'allowInsecureHttp' is not a boolean"],
  ['jwksUri on http', { ...base, jwksUri: 'http://as.example.com/jwks' }, "'jwksUri' is not https"],
  [
    'jwksUri with a password',
    { ...base, jwksUri: 'https://u:p@as.example.com/' },
    "'jwksUri' is not a URL without",
  ],
  ['jwksUri that is no URL', { ...base, jwksUri: '/jwks' }, "'jwksUri' is not a URL"],
  [
    'jwksUri and jwks',
    { ...base, jwksUri: `${issuer}/jwks`, jwks: { keys: [key] } },
    "Both 'jwksUri' and 'jwks'",
  ],
  ['no keys', { ...base, jwks: { keys: [] } }, "'jwks' is not a key set of 1 to 100 keys"],
  [
    '101 keys',
    { ...base, jwks: { keys: Array.from({ length: 101 }, () => key) } },
    "'jwks' is not a key set",
  ],
  ['keys without a set', { ...base, jwks: [key] }, "'jwks' is not a key set"],
  ['jwks that is null', { ...base, jwks: null }, "'jwks' is not a key set"],
  [
    'a key that is code',
    { ...base, jwks: { keys: [{ ...key, toJSON: () => key }] } },
    "'jwks' is not a key set",
  ],
  ['a profile that does not exist', { ...base, profile: 'RFC9068' }, 'Write profile:'],
  ['a profile that is null', { ...base, profile: null }, 'Write profile:'],
  ['a profile that lacks a member', { ...base, profile }, "The profile has no 'ignoredAudiences'"],
]

export const hosts: readonly Case[] = [
  ['optional in words', { ...base, optional: 'true' }, "'optional' is not a boolean"],
  ['an onRefusal that does not exist', { ...base, onRefusal: 'next' }, 'none of reply, throw'],
  ['allowPreflight: 0', { ...base, allowPreflight: 0 }, "'allowPreflight' is not a boolean"],
  ['a realm with a line break', { ...base, realm: 'a\r\nb' }, "'realm' is not a line of ASCII"],
  ['an empty realm', { ...base, realm: '' }, "'realm' is not a line of ASCII"],
  ['a realm beyond ASCII', { ...base, realm: 'ä' }, "'realm' is not a line of ASCII"],
]
