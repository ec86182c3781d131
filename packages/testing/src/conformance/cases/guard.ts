import {
  badToken,
  byHost,
  type Case,
  type Expected,
  forbidden,
  granted,
  lacksScope,
  noCredential,
  refused,
} from '../case.ts'
import type { RequirementId } from '../requirements.ts'
import { get } from '../test-app.ts'

const send = (path: string, token: string): string =>
  get(path, `Authorization: Bearer {{${token}}}`)

const stepUp = refused({
  status: 401,
  code: 'authentication_insufficient',
  error: 'insufficient_user_authentication',
  detail: 'A fresher or stronger sign-in is required',
  also: 'acr_values="mfa hwk", max_age="300"',
})
const otherAudience = badToken(
  'audience_mismatch',
  'The access token is meant for another audience',
)
const noActor = forbidden('actor_not_allowed', 'The acting party is not allowed here')
const noAccess = (code: 'claim_not_accepted' | 'policy_denied'): Expected =>
  forbidden(code, 'Access is not allowed')
const me = granted('user-42')
const delegate = granted('user-42 through user-service')

type Row = readonly [path: string, token: string, proves: RequirementId, expect: Expected]

const rows: readonly Row[] = [
  ['/orders', 'good', 'token-for-us', me],
  ['/stock', 'good', 'token-for-us', otherAudience],
  ['/stock', 'for-others', 'token-for-us', me],
  ['/both', 'good', 'guards-in-turn', otherAudience],
  ['/only', 'good', 'token-for-us', me],
  ['/actor', 'delegated', 'policy-refusal', noActor],
  ['/actor', 'good', 'policy-refusal', noActor],
  ['/prior-actor', 'delegated', 'current-actor', noActor],
  ['/direct', 'good', 'attached-token', me],
  [
    ...(['/direct', 'delegated', 'policy-refusal'] as const),
    forbidden('delegation_forbidden', 'Delegated access is not allowed here'),
  ],
  ['/delegated', 'delegated', 'attached-token', delegate],
  [
    ...(['/delegated', 'good', 'policy-refusal'] as const),
    forbidden('delegation_required', 'Only delegated access is allowed here'),
  ],
  [
    ...(['/exchanged', 'good', 'policy-refusal'] as const),
    forbidden('client_not_allowed', 'Only exchanged access tokens are allowed here'),
  ],
  ['/claim', 'good', 'policy-refusal', noAccess('claim_not_accepted')],
  ['/policy', 'good', 'policy-refusal', noAccess('policy_denied')],
  ['/step-up', 'strong', 'step-up', me],
  ['/step-up', 'good', 'step-up', stepUp],
  ['/step-up', 'sign-in-weak', 'step-up', stepUp],
  ['/step-up', 'sign-in-old', 'step-up', stepUp],
  ['/step-up', 'sign-in-future', 'step-up', stepUp],
]

/** Nothing to ask for is named: no client can ask for a role. */
const noPrivilege = (code: 'role_insufficient' | 'permission_insufficient'): Expected =>
  refused({
    ...{ status: 403, code, error: 'insufficient_scope' },
    detail: 'The access token lacks a required privilege',
  })

const privileges: readonly Row[] = [
  ['/role', 'editor', 'policy-refusal', me],
  ['/role', 'good', 'policy-refusal', noPrivilege('role_insufficient')],
  ['/permission', 'editor', 'policy-refusal', me],
  ['/permission', 'good', 'policy-refusal', noPrivilege('permission_insufficient')],
]

/** The host's own 500: its words are its own, but the handler does not run, and it is recorded. */
const threw = byHost(500, { outcome: 'unavailable', code: 'verification_failed' })

export const guardCases: readonly Case[] = [
  ...rows.map(([path, token, proves, expected]): Case => ({
    ...{ id: `guard-${path.slice(1)}-${token}`, proves: [proves] },
    ...{ request: send(path, token), expect: [expected] },
  })),
  ...privileges.map(([path, token, proves, expected]): Case => ({
    ...{ id: `guard-${path.slice(1)}-${token}`, proves: [proves], setup: 'privileged' },
    ...{ request: send(path, token), expect: [expected] },
  })),
  {
    id: 'guards-all-hold',
    proves: ['guards-in-turn', 'one-record'],
    request: send('/three', 'delegated-read'),
    expect: [
      granted('user-42 through user-service', {
        checks: [
          { guard: 'requireAudience(order-service)', passed: true },
          { guard: 'requireScope(orders:read)', passed: true },
          { guard: 'requireActor', passed: true },
        ],
      }),
    ],
  },
  {
    id: 'guards-second-refuses',
    proves: ['guards-in-turn', 'one-record'],
    request: send('/three', 'delegated'),
    expect: [
      {
        ...lacksScope('orders:read'),
        record: {
          outcome: 'refused',
          code: 'scope_insufficient',
          checks: [
            { guard: 'requireAudience(order-service)', passed: true },
            { guard: 'requireScope(orders:read)', passed: false },
          ],
        },
      },
    ],
  },
  {
    id: 'guard-throws',
    proves: ['errors-stay-closed'],
    corpus: ['HTTP-error-mount'],
    request: send('/throws', 'good'),
    expect: [threw],
  },
  {
    id: 'guard-rejects',
    proves: ['errors-stay-closed'],
    corpus: ['HTTP-error-mount'],
    request: send('/rejects', 'good'),
    expect: [threw],
  },
  {
    id: 'guard-forgotten',
    proves: ['errors-stay-closed'],
    corpus: ['HTTP-fastify-encaps', 'HTTP-error-mount'],
    request: send('/unguarded', 'good'),
    expect: [byHost(500)],
  },
  {
    id: 'audience-forgotten',
    proves: ['errors-stay-closed'],
    setup: 'no-audience',
    request: send('/read', 'read'),
    expect: [byHost(500, { outcome: 'unavailable' })],
  },
  {
    id: 'planted-token',
    proves: ['nothing-planted'],
    corpus: ['HTTP-req-auth-preset'],
    setup: 'planted',
    request: get('/read'),
    expect: [noCredential],
  },
  {
    id: 'planted-beside-a-good-token',
    proves: ['nothing-planted'],
    setup: 'planted',
    request: send('/read', 'good'),
    expect: [lacksScope('orders:read')],
  },
  {
    id: 'planted-and-let-in',
    proves: ['nothing-planted', 'attached-token'],
    setup: 'planted',
    request: send('/read', 'read'),
    expect: [granted('user-42')],
  },
]
