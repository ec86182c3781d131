import { expect } from 'vitest'
import type { Attempt, CaseBuilder, Group, Setup } from '../runner/attempt.ts'
import { audience } from '../fixtures/fixture.ts'
import type { Json } from '../fixtures/keys.ts'

interface TokenJson {
  readonly subject: string
  readonly actor?: { readonly subject: string; readonly issuer: string; readonly claims: Json }
  readonly priorActors: readonly { readonly subject: string }[]
  readonly claims: Json
}

const parse = (body: string): TokenJson => JSON.parse(body) as TokenJson

/** Tokens with these values of `act`. */
const withAct =
  (values: readonly unknown[], attempt: Partial<Attempt> = {}): CaseBuilder =>
  (fixture) =>
    values.map((act) => ({
      name: JSON.stringify(act).slice(0, 60),
      token: fixture.token({ claims: { act } }),
      ...attempt,
    }))

const requireActor =
  (...actors: readonly string[]): NonNullable<Setup['guards']> =>
  (api) => [api.requireActor(...(actors as [string]))]

/** A chain of actors, with the current actor first. */
function chain(...subjects: readonly string[]): Json {
  return subjects.reduceRight<Json | undefined>(
    (prior, sub) => ({ sub, ...(prior && { act: prior }) }),
    undefined,
  )!
}

const nestedActText = (depth: number): string =>
  `${'{"sub":"s","act":'.repeat(depth)}{"sub":"s"}${'}'.repeat(depth)}`

/** Inserted as text, because JSON.stringify cannot write it. */
const withNestedAct =
  (depth: number, options: Json = {}): CaseBuilder =>
  (fixture) => ({
    options,
    token: fixture.token({
      payload: JSON.stringify(fixture.claims({ act: '@' })).replace('"@"', nestedActText(depth)),
    }),
  })

export const actorCases: Group = {
  'ACT-arr': withAct([[{ sub: 'a' }], []]),
  'ACT-null': withAct([null]),
  'ACT-true': withAct([true, 1]),
  'ACT-empty': withAct([{}]),
  'ACT-nosub': withAct([{ iss: 'https://as' }]),
  'ACT-iss-type': withAct([
    { sub: 'a', iss: ['x'] },
    { sub: 'a', iss: '' },
    { sub: 'a', iss: null },
    { sub: ['a'] },
    { sub: '' },
    { sub: 'a', client_id: 7 },
  ]),
  'ACT-same': withAct([{ sub: 'user-42' }]),
  'ACT-exp-past': withAct([{ sub: 'a', exp: 1, nbf: 9e9 }], {
    check: ({ body }) => expect(parse(body).actor?.subject).toBe('a'),
  }),
  'ACT-aud': (fixture) => ({
    token: fixture.token({ claims: { aud: 'https://other', act: { sub: 'a', aud: audience } } }),
  }),
  'ACT-cnf': withAct([{ sub: 'a', cnf: { jkt: 'x' } }]),
  'ACT-prior-authz': withAct([chain('a', 'b')], { guards: requireActor('b') }),
  'ACT-prior-hidden': (fixture) => {
    const policies: readonly NonNullable<Setup['guards']>[] = [
      (api) => [api.requireActor((actor) => JSON.stringify(actor).includes('hidden'))],
      (api) => [api.requirePolicy((token) => JSON.stringify(token).includes('hidden'))],
      (api) => [api.requirePolicy((token) => 'priorActors' in token)],
      (api) => [api.requireClient('hidden')],
    ]
    const claims = { act: { sub: 'a', act: { sub: 'hidden', client_id: 'hidden' } } }
    return policies.map((guards, at) => ({
      name: `policy ${at}`,
      guards,
      token: fixture.token({ claims }),
    }))
  },
  'ACT-depth-cap': withAct([chain(...'abcdefghi'.split(''))]),
  'ACT-depth-600': withNestedAct(600, { maxTokenBytes: 100_000 }),
  'ACT-depth-50k': withNestedAct(40_000, { maxTokenBytes: 1_000_000 }),
  'ACT-nested-bad': withAct([
    { sub: 'a', act: 'b' },
    { sub: 'a', act: { iss: 'https://as' } },
    { sub: 'a', act: null },
    { sub: 'a', act: { sub: 'b', act: [] } },
  ]),
  'ACT-loop': withAct([chain('a', 'b', 'a', 'b')], {
    check: ({ body }) =>
      expect(parse(body).priorActors.map(({ subject }) => subject)).toEqual(['b', 'a', 'b']),
  }),
  'ACT-cross-iss': (fixture) => ({
    run: async (start) => {
      const token = fixture.token({
        claims: { act: { sub: 'svc-a', iss: 'https://other.example' } },
      })
      const bare = await start({ guards: requireActor('svc-a') })
      expect(
        (await bare.send({ token })).status,
        'a plain name is an actor of the trusted issuer',
      ).toBe(403)
      const pair = { iss: 'https://other.example', sub: 'svc-a' }
      const exact = await start({ guards: (api) => [api.requireActor(pair)] })
      return exact.send({ token })
    },
  }),
  'ACT-iss-absent': (fixture) => ({
    guards: (api) => [api.requireActor({ iss: fixture.issuer.url, sub: 'svc-a' })],
    token: fixture.token({ claims: { act: { sub: 'svc-a' } } }),
  }),
  'ACT-dup-act': (fixture) => ({
    token: fixture.token({
      payload: JSON.stringify(fixture.claims()).replace(
        '{',
        '{"act":{"sub":"a"},"act":{"sub":"b"},',
      ),
    }),
  }),
  'ACT-array-like': withAct([{ 0: { sub: 'a' }, length: 1 }]),
  'ACT-case': (fixture) =>
    ['Act', 'ACT'].map((name) => ({
      name,
      token: fixture.token({ claims: { [name]: { sub: 'a' } } }),
      check: ({ body }) => expect(parse(body).actor).toBeUndefined(),
    })),
  'ACT-embedded-jwt': (fixture) => ({
    token: fixture.token({ claims: { act: fixture.token({ claims: { sub: 'a' } }) } }),
  }),
  'ACT-required': (fixture) => [
    { name: 'guard', guards: (api) => [api.requireDelegated()], token: fixture.token() },
    { name: 'option', options: { delegation: 'delegated' }, token: fixture.token() },
  ],
  'ACT-unexpected-actor': withAct([{ sub: 'svc-b' }], { guards: requireActor('svc-a') }),
  'ACT-may-act-forge': (fixture) => ({
    guards: requireActor('attacker'),
    lines: [
      `Authorization: Bearer ${fixture.token({ claims: { may_act: { sub: 'attacker' } } })}`,
      'X-Actor: attacker',
    ],
  }),
  'ACT-may-act-type': (fixture) =>
    ['x', [], {}, null].map((mayAct) => ({
      name: JSON.stringify(mayAct),
      token: fixture.token({ claims: { may_act: mayAct } }),
      override: {
        status: 401,
        error: 'invalid_token',
        reason: 'a malformed claim is refused, and may_act is not an exception',
      },
    })),
  'ACT-actor-flood': withAct([
    { sub: 'a', ...Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`m${at}`, 1])) },
    { sub: 'a', x: 'x'.repeat(1025) },
    { sub: 'a', x: { y: ['x'.repeat(1025)] } },
    { sub: 'x'.repeat(1025) },
  ]),
  'ACT-actor-unicode': (fixture) =>
    [
      ['svc-a', 'svc-\u0430'],
      ['caf\u00e9', 'cafe\u0301'],
      ['svc-a', 'SVC-A'],
      ['svc-a', 'svc-a '],
    ].map(([allowed, sub]) => ({
      name: sub!,
      guards: requireActor(allowed!),
      token: fixture.token({ claims: { act: { sub } } }),
    })),
  'ACT-log': (fixture) => ({
    token: fixture.token({ claims: { act: chain('a', 'b', 'c') } }),
    check: async (_, { records }) => {
      await expect.poll(() => records.length).toBe(1)
      const [record] = records
      expect([record?.subject, record?.clientId, record?.actor?.subject]).toEqual([
        'user-42',
        'client-1',
        'a',
      ])
      expect(record?.chain?.actors.map(({ subject }) => subject)).toEqual(['a', 'b', 'c'])
    },
  }),
}
