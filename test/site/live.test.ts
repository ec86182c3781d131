import {
  type Code,
  codes,
  createVerifier,
  type Guards,
  VerificationError,
} from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import { type Decision, evaluate, type Result } from '../../site/live/evaluate.ts'
import {
  createRoute,
  formOf,
  guardCode,
  type GuardInput,
  guardNames,
} from '../../site/live/guards.ts'
import type { Inputs } from '../../site/live/inputs.ts'
import { readKeyAnswer } from '../../site/live/key-answer.ts'
import { createKeys, keySetOf } from '../../site/live/mint.ts'
import { partiesOf } from '../../site/live/parties.ts'
import { presets } from '../../site/live/presets.ts'
import { splitReason } from '../../site/live/reason.ts'
import { codeOf, providerNames } from '../../site/live/setup.ts'

// What the live page computes, without a browser. `npm run docs:test` tests the page itself.

const keys = await createKeys()
const now = Math.floor(Date.now() / 1000)
const context = { now, thumbprint: keys.thumbprint }
const inputsOf = (id: string): Inputs => presets.find((one) => one.id === id)!.inputs(context)
const valid = inputsOf('valid')
const claims = JSON.parse(valid.claims) as object
const withClaims = (more: object): Partial<Inputs> => ({
  claims: JSON.stringify({ ...claims, ...more }),
})

const decide = async (more: Partial<Inputs>, base: Inputs = valid): Promise<Decision> => {
  const result = await evaluate({ ...base, ...more }, keys)
  expect(result.kind).toBe('decision')
  return result as Decision
}

const stopOf = ({ path }: Decision): string | undefined => path.find(({ stops }) => stops)?.step

/** The step where the token stops, with one input that makes it stop there. */
const stops: readonly (readonly [step: string, code: Code, more: Partial<Inputs>])[] = [
  ['parse', 'token_malformed', { tokenFrom: 'pasted', pastedToken: 'opaque' }],
  ['parse', 'credential_malformed', { tokenFrom: 'pasted', pastedToken: 'a b' }],
  ['issuer', 'issuer_not_trusted', withClaims({ iss: 'https://other.example.com' })],
  ['header', 'algorithm_not_allowed', { header: '{"alg":"HS256","typ":"at+jwt"}' }],
  ['header', 'type_not_accepted', { header: '{"alg":"ES256","typ":"JOSE","kid":"live-page"}' }],
  ['key', 'key_not_found', { header: '{"alg":"ES256","typ":"at+jwt","kid":"other"}' }],
  ['signature', 'signature_invalid', { signing: 'unknown' }],
  ['claims', 'token_expired', withClaims({ iat: now - 20, exp: now - 10 })],
  ['binding', 'binding_required', { scheme: 'DPoP', acceptsBound: true }],
  ['binding', 'proof_missing', inputsOf('unproven')],
  ['binding', 'binding_unproven', { ...inputsOf('proven'), scheme: 'Bearer' }],
  ['delegation', 'actor_malformed', withClaims({ act: {} })],
  [
    'guard',
    'delegation_required',
    {
      guards: [
        { name: 'requireScope', values: 'orders:read' },
        { name: 'requireDelegated', values: '' },
      ],
    },
  ],
  [
    'guard',
    'scope_insufficient',
    { ...inputsOf('proven'), guards: [{ name: 'requireScope', values: 'a' }] },
  ],
]

describe('the token stops at the step', () => {
  test.each(stops)('%s with the code %s', async (step, code, more) => {
    const decision = await decide(more)
    expect(decision.record.code).toBe(code)
    expect(stopOf(decision)).toBe(step)
    expect(decision.path.find((one) => one.stops)?.state).toBe('failed')
    const before = decision.path.slice(
      0,
      decision.path.findIndex((one) => one.stops),
    )
    expect(before.map(({ state }) => state)).toEqual(before.map(() => 'passed'))
    expect(decision.response.status).toBe(codes[code].status)
  })

  test('none of them if it is granted', async () => {
    for (const id of ['valid', 'delegated', 'proven']) {
      const decision = await decide({}, inputsOf(id))
      expect(decision.response.status).toBe(200)
      expect(decision.path.map(({ state }) => state)).toEqual(decision.path.map(() => 'passed'))
    }
  })

  test('delegation if the first guard requires it', async () => {
    const guards: Inputs['guards'] = [{ name: 'requireDelegated', values: '' }]
    expect(stopOf(await decide({ guards }))).toBe('delegation')
  })
})

test('a proof is repeated with the nonce of the service', async () => {
  const { request, record } = await decide({}, inputsOf('proven'))
  expect(record.outcome).toBe('granted')
  expect(request.isRepeated).toBe(true)
  const [, payload = ''] = (request.proof ?? '').split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    htm: 'GET',
    htu: valid.url,
    nonce: expect.any(String) as string,
  })
})

test('a pasted key set is used', async () => {
  const own = { keysFrom: 'pasted', pastedKeys: JSON.stringify(keySetOf(keys)) } as const
  expect((await decide(own)).response.status).toBe(200)
  const other = JSON.stringify(keySetOf(await createKeys()))
  expect(stopOf(await decide({ ...own, pastedKeys: other }))).toBe('signature')
})

const mistakes: readonly (readonly [what: string, more: Partial<Inputs>, problem: string])[] = [
  ['claims that are not JSON', { claims: '{' }, 'The JSON of the claims has a mistake'],
  ['a key set that is not JSON', { keysFrom: 'pasted', pastedKeys: 'x' }, 'The key set is not'],
  ['a key set without keys', { keysFrom: 'pasted', pastedKeys: '{}' }, 'The key set is not'],
  ['a URL without an origin', { url: '/orders' }, "'/orders' is not a URL"],
  ['no audience', { audience: '' }, 'audience'],
  ['a guard without values', { guards: [{ name: 'requireScope', values: '' }] }, 'requireScope'],
  ['a line break in the token', { tokenFrom: 'pasted', pastedToken: 'a\nb' }, 'characters'],
]

test.each(mistakes)('%s is a mistake with a fix', async (_what, more, problem) => {
  const result: Result = await evaluate({ ...valid, ...more }, keys)
  expect(result).toMatchObject({ kind: 'misuse', fix: expect.stringMatching(/\.$/) as string })
  expect(result.kind === 'misuse' && result.problem).toContain(problem)
})

test('an empty box waits for a token', async () => {
  const result = await evaluate({ ...valid, tokenFrom: 'pasted', pastedToken: '  ' }, keys)
  expect(result).toEqual({ kind: 'waiting' })
})

test.each(providerNames)(
  'the provider %s is created, or says what its URL must be',
  async (provider) => {
    const result = await evaluate({ ...valid, provider }, keys)
    expect(['decision', 'misuse']).toContain(result.kind)
    if (result.kind === 'misuse') expect(result.fix).toContain(provider)
  },
)

describe('guards', () => {
  /** Records the calls of the factories, as they are written in code. */
  const recorder = new Proxy(Object.create(null) as Guards<string>, {
    get:
      (_target, name) =>
      (...given: readonly unknown[]) =>
        `${String(name)}(${given.map(written).join(', ')})`,
  })
  const written = (value: unknown): string =>
    JSON.stringify(value)
      .replaceAll('"', "'")
      .replaceAll(',', ', ')
      .replace(/^\{'acr':(.*)\}$/, '{ acr: $1 }')

  test.each(guardNames)('%s is called as the code says', (name) => {
    for (const values of [formOf(name).example, 'one two three', 'one']) {
      const guard: GuardInput = { name, values }
      expect(createRoute(recorder, [guard])).toEqual([
        guardCode(guard).replace(/^requireAudience\('([^']*)'\)$/, "requireAudience(['$1'])"),
      ])
    }
  })

  test('cannot close a string of the code', () => {
    expect(guardCode({ name: 'requireScope', values: "');alert('" })).toBe(
      "requireScope('\\');alert(\\'')",
    )
  })
})

test('the code of the setup names what is chosen', () => {
  const guards: Inputs['guards'] = [{ name: 'requireScope', values: 'a b' }]
  const chosen = { ...valid, provider: 'auth0', audience: 'x y', acceptsBound: true, guards }
  expect(codeOf(chosen)).toBe(`import { resourceServer } from '@resource-server/fetch'
import { auth0 } from '@resource-server/fetch/providers'

const api = resourceServer({
  issuer: auth0('https://as.example.com'),
  audience: ['x', 'y'],
  publicUrl: 'https://orders.example.com',
})

export const GET = api.protect(
  handle,
  api.requireScope('a', 'b'),
)`)
})

describe('the parties', () => {
  test('are the subject, the actors from the first to the current one, and the service', async () => {
    const { decoded } = await decide({}, inputsOf('delegated'))
    expect(partiesOf(decoded, 'order-service')).toEqual([
      { role: 'subject', name: 'user-42' },
      { role: 'prior actor', name: 'web-gateway' },
      { role: 'current actor', name: 'cart-service' },
      { role: 'this service', name: 'order-service' },
    ])
  })

  test('include the client if the token has no actor', async () => {
    const { decoded } = await decide({})
    expect(partiesOf(decoded, 'order-service').map(({ role }) => role)).toEqual([
      'subject',
      'client',
      'this service',
    ])
  })

  test('end after eight actors', async () => {
    let act: object = { sub: 'first' }
    for (let depth = 0; depth < 40; depth += 1) act = { sub: `actor-${depth}`, act }
    const { decoded } = await decide(withClaims({ act }))
    expect(partiesOf(decoded, 'order-service')).toHaveLength(10)
  })

  test('are unknown without a subject', () => {
    expect(partiesOf(undefined, 'order-service')).toEqual([])
  })
})

describe('a reason', () => {
  test.each([
    [
      'exp was 10 s ago; clockTolerance is 5 s',
      { seen: 'exp was 10 s ago', expected: 'clockTolerance is 5 s' },
    ],
    [
      'aud is ["a"], expected one of ["b"]. Keycloak needs a mapper',
      { seen: 'aud is ["a"]', expected: 'one of ["b"]', advice: 'Keycloak needs a mapper' },
    ],
    [
      'the token lacks orders:write; it has orders:read',
      { seen: 'it has orders:read', expected: 'orders:write' },
    ],
    [
      "the token's typ is \"JOSE\", and the profile 'default' accepts jwt. If it is right, add it",
      {
        seen: 'the token\'s typ is "JOSE"',
        expected: "the profile 'default' accepts jwt",
        advice: 'If it is right, add it',
      },
    ],
    [
      'the token has an actor (act), but only direct access is allowed',
      { seen: 'the token has an actor (act)', expected: 'only direct access is allowed' },
    ],
    [
      'the token has cnf.jkt, but was sent with the Bearer scheme',
      { seen: 'the token has cnf.jkt, but was sent with the Bearer scheme' },
    ],
    ['the proof has no nonce', { seen: 'the proof has no nonce' }],
  ])('is split for display: %s', (reason, parts) => {
    expect(splitReason(reason)).toEqual(parts)
  })
})

describe('the answer to a request for keys', () => {
  const issuer = 'https://as.example.com'
  const metadata = (more: object): string =>
    JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, ...more })

  test('is a key set', () => {
    const answer = readKeyAnswer('{"keys":[{"kty":"EC"}]}', issuer)
    expect('keys' in answer && JSON.parse(answer.keys)).toEqual({ keys: [{ kty: 'EC' }] })
  })

  test('or metadata, which must name the same issuer', () => {
    const jwksUri = `${issuer}/keys`
    expect(readKeyAnswer(metadata({}), issuer)).toEqual({ jwksUri, problem: undefined })
    for (const other of [`${issuer}/`, 'https://other.example.com', undefined]) {
      expect(readKeyAnswer(metadata({ issuer: other }), issuer)).toMatchObject({
        problem: expect.stringContaining('another issuer') as string,
      })
    }
  })

  test.each([
    ['<html>', 'The answer is not JSON.'],
    ['{}', 'The answer has neither keys nor a jwks_uri.'],
    ['null', 'The answer has neither keys nor a jwks_uri.'],
  ])('or neither: %s', (text, problem) => {
    expect(() => readKeyAnswer(text, issuer)).toThrow(problem)
  })
})

test('a token of the page is verified with its key set', async () => {
  const { token } = await decide({})
  const issuer = { issuer: valid.issuer, jwks: keySetOf(keys) }
  const verifier = createVerifier({ issuer, audience: 'order-service' })
  expect((await verifier.verify(token)).subject).toBe('user-42')
  await expect(verifier.verify(`${token}AA`)).rejects.toThrow(VerificationError)
})
