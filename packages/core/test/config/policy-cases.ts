/** Invalid options, and what the expected messages. */

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

export type Case = readonly [what: string, options: unknown, message: string]

export const general: readonly Case[] = [
  ['no options', undefined, 'An object of options is required, got undefined'],
  ['null', null, 'An object of options is required, got null'],
  ['a string', issuer, 'An object of options is required, got a string'],
  ['an array', [issuer], 'An object of options is required, got an array'],
  ['an unknown name', { ...base, aud: [audience] }, "Unknown option 'aud'. Use one of"],
  ['a name in the wrong case', { ...base, clocktolerance: 1 }, "Did you mean 'clockTolerance'?"],
  ['a name that objects inherit', { ...base, toString: 1 }, "Unknown option 'toString'"],
]

export const issuers: readonly Case[] = [
  ['no issuer', { audience }, "'issuer' must be a string, got undefined. Set issuer: 'https://"],
  ['an issuer that is null', { ...base, issuer: null }, "'issuer' must be a string, got null"],
  [
    'an issuer that is a URL object',
    { ...base, issuer: new URL(issuer) },
    "'issuer' must be a string, got an object",
  ],
  ['an empty issuer', { ...base, issuer: '' }, "'issuer' must not be empty"],
  [
    'an empty issuer with jwks',
    { ...base, issuer: '', jwks: { keys: [key] } },
    "'issuer' must not be empty",
  ],
  [
    'an issuer with white space and jwks',
    { ...base, issuer: 'my-auth\n', jwks: { keys: [key] } },
    'must not start or end with white space',
  ],
  [
    'an http issuer with jwks',
    { ...base, issuer: 'http://as.example.com', jwks: { keys: [key] } },
    'must use https. Use https.',
  ],
  ['an issuer without a scheme', { ...base, issuer: 'as.example.com' }, 'is not a URL'],
  ['an issuer without slashes', { ...base, issuer: 'https:as.example.com' }, 'is not a URL'],
  [
    'an issuer with white space',
    { ...base, issuer: `${issuer} ` },
    'must not start or end with white space',
  ],
  ['an issuer with a line break', { ...base, issuer: 'https://as.exa\nmple.com' }, 'is not a URL'],
  [
    'an issuer with a query',
    { ...base, issuer: `${issuer}?a=b` },
    'user information, a query, or a fragment',
  ],
  [
    'an issuer with an empty query',
    { ...base, issuer: `${issuer}?` },
    'user information, a query, or a fragment',
  ],
  [
    'an issuer with a fragment',
    { ...base, issuer: `${issuer}#` },
    'user information, a query, or a fragment',
  ],
  ['an issuer with a user', { ...base, issuer: 'https://u:p@as.example.com' }, 'user information'],
  ['an http issuer', { ...base, issuer: 'http://as.example.com' }, 'must use https. Use https.'],
  ['a file', { ...base, issuer: 'file:///etc/passwd' }, 'must use https'],
  [
    'issuer and issuers',
    { ...base, issuers: [issuer] },
    "'issuers' and 'issuer' cannot be combined. Move 'issuer'",
  ],
  [
    'issuers and metadataUri',
    { audience, issuers: [issuer], metadataUri: `${issuer}/metadata` },
    "'issuers' and 'metadataUri' cannot",
  ],
  [
    'issuers and jwksUri',
    { audience, issuers: [issuer], jwksUri: `${issuer}/jwks` },
    "'issuers' and 'jwksUri' cannot",
  ],
  [
    'issuers and jwks',
    { audience, issuers: [issuer], jwks: { keys: [key] } },
    "'issuers' and 'jwks' cannot",
  ],
  ['no issuers', { audience, issuers: [] }, "'issuers' must be a non-empty array"],
  [
    'issuers that are not an array',
    { audience, issuers: issuer },
    "'issuers' must be a non-empty array",
  ],
  ['an issuer twice', { audience, issuers: [issuer, { issuer }] }, 'configured twice'],
  [
    'an entry that is null',
    { audience, issuers: [null] },
    'An object of issuer options is required, got null',
  ],
  [
    'an entry with an unknown name',
    { audience, issuers: [{ issuer, audiance: 'x' }] },
    "Unknown issuer option 'audiance'. Did you mean 'audience'?",
  ],
  [
    'an entry with an option that is not per issuer',
    { audience, issuers: [{ issuer, clock: {} }] },
    "Unknown issuer option 'clock'",
  ],
  [
    'an entry without an issuer',
    { audience, issuers: [{ audience }] },
    "'issuer' must be a string, got undefined",
  ],
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
    `No audience is configured for the issuer '${issuer}'. Set audience: 'order-service'`,
  ],
  [
    'no audience for one of two',
    { issuers: [{ issuer, audience }, `${issuer}/b`] },
    `No audience is configured for the issuer '${issuer}/b'`,
  ],
  ...[null, '', ' ', [], [''], [audience, 1], /order/, { only: '' }, { only: [] }, {}, 1, true].map(
    (value): Case => [
      `the audience ${value instanceof RegExp ? value : JSON.stringify(value)}`,
      { issuer, audience: value },
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
    (value): Case => [
      `${name}: ${typeof value === 'bigint' ? '5n' : (JSON.stringify(value) ?? '')} (${String(value)})`,
      { ...base, [name as string]: value },
      `'${name}' must be a`,
    ],
  ),
)

export const others: readonly Case[] = [
  [
    'half an actor',
    { ...base, maxActorDepth: 2.5 },
    'must be a whole number from 1 to 16, got 2.5',
  ],
  ['half a byte', { ...base, maxTokenBytes: 512.5 }, 'must be a whole number'],
  ['no algorithms', { ...base, algorithms: [] }, "'algorithms' must be a non-empty array"],
  ['an algorithm that is not an array', { ...base, algorithms: 'RS256' }, "'algorithms' must be"],
  ...['HS256', 'none', 'None', 'rs256', 'RSA-OAEP', 'ES256K', '', null].map((value): Case => [
    `the algorithm ${value}`,
    { ...base, algorithms: ['RS256', value] },
    "Symmetric algorithms and 'none' are not supported",
  ]),
  [
    'a delegation that does not exist',
    { ...base, delegation: 'never' },
    "must be one of 'any', 'direct', 'delegated'",
  ],
  [
    'an onDecision that is not a function',
    { ...base, onDecision: {} },
    "'onDecision' must be a function, got an object",
  ],
  [
    'a fetch that is not a function',
    { ...base, fetch: null },
    "'fetch' must be a function, got null",
  ],
  [
    'a clock that is null',
    { ...base, clock: null },
    "'clock' must have the methods now() and monotonic()",
  ],
  ['a clock without monotonic()', { ...base, clock: { now: Date.now } }, "'clock' must have"],
  [
    'allowInsecureHttp as a string',
    { ...base, allowInsecureHttp: 'yes' },
    "'allowInsecureHttp' must be a boolean",
  ],
  [
    'allowInsecureHttp as a number',
    { ...base, allowInsecureHttp: 1 },
    "'allowInsecureHttp' must be a boolean",
  ],
  [
    'metadataUri on http',
    { ...base, metadataUri: 'http://as.example.com/metadata' },
    "'metadataUri' must use https",
  ],
  [
    'metadataUri with a password',
    { ...base, metadataUri: 'https://u:p@as.example.com/' },
    "'metadataUri' must be an absolute URL without",
  ],
  [
    'metadataUri and jwksUri',
    { ...base, metadataUri: `${issuer}/metadata`, jwksUri: `${issuer}/jwks` },
    "'metadataUri' and 'jwksUri' cannot",
  ],
  [
    'metadataUri and jwks',
    { ...base, metadataUri: `${issuer}/metadata`, jwks: { keys: [key] } },
    "'metadataUri' and 'jwks' cannot",
  ],
  [
    'jwksUri on http',
    { ...base, jwksUri: 'http://as.example.com/jwks' },
    "'jwksUri' must use https",
  ],
  [
    'jwksUri with a password',
    { ...base, jwksUri: 'https://u:p@as.example.com/' },
    "'jwksUri' must be an absolute URL without",
  ],
  ['jwksUri that is not a URL', { ...base, jwksUri: '/jwks' }, "'jwksUri' must be an absolute URL"],
  [
    'jwksUri and jwks',
    { ...base, jwksUri: `${issuer}/jwks`, jwks: { keys: [key] } },
    "'jwksUri' and 'jwks' cannot",
  ],
  ['no keys', { ...base, jwks: { keys: [] } }, "'jwks' must be a key set with 1 to 100 keys"],
  [
    '101 keys',
    { ...base, jwks: { keys: Array.from({ length: 101 }, () => key) } },
    "'jwks' must be a key set",
  ],
  ['keys without a set', { ...base, jwks: [key] }, "'jwks' must be a key set"],
  ['jwks that is null', { ...base, jwks: null }, "'jwks' must be a key set"],
  [
    'a key that is code',
    { ...base, jwks: { keys: [{ ...key, toJSON: () => key }] } },
    "'jwks' must be a key set",
  ],
  [
    'a profile that does not exist',
    { ...base, profile: 'RFC9068' },
    'Write profile: extend(defaultProfile',
  ],
  ['a profile that is null', { ...base, profile: null }, 'Write profile: extend(defaultProfile'],
  [
    'a profile that lacks a member',
    { ...base, profile },
    "The profile must have the member 'ignoredAudiences'",
  ],
]

export const hosts: readonly Case[] = [
  [
    'refusalBody with thrown refusals',
    { ...base, onRefusal: 'throw', refusalBody: () => ({ contentType: 'a/b', body: '' }) },
    "'refusalBody' has no effect with onRefusal: 'throw'. Write the response in your error handler",
  ],
  [
    'ignoreOtherSchemes without optional',
    { ...base, ignoreOtherSchemes: true },
    "'ignoreOtherSchemes' has no effect without optional: true.",
  ],
  [
    'ignoreOtherSchemes in words',
    { ...base, ignoreOtherSchemes: 'true' },
    "'ignoreOtherSchemes' must be a boolean",
  ],
  ['optional in words', { ...base, optional: 'true' }, "'optional' must be a boolean"],
  [
    'an onRefusal that does not exist',
    { ...base, onRefusal: 'next' },
    "must be one of 'reply', 'throw'",
  ],
  ['allowPreflight: 0', { ...base, allowPreflight: 0 }, "'allowPreflight' must be a boolean"],
  [
    'a realm with a line break',
    { ...base, realm: 'a\r\nb' },
    "'realm' must be a non-empty string of printable ASCII",
  ],
  [
    'an empty realm',
    { ...base, realm: '' },
    "'realm' must be a non-empty string of printable ASCII",
  ],
  [
    'a realm beyond ASCII',
    { ...base, realm: 'ä' },
    "'realm' must be a non-empty string of printable ASCII",
  ],
]
