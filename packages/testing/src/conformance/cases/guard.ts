import {
  byFramework,
  type Case,
  type ExpectedResponse,
  forbidden,
  granted,
  insufficientScope,
  invalidToken,
  noCredential,
  refused,
  unavailable,
} from '../case.ts'
import { formatGet } from '../raw-http.ts'
import type { RequirementId } from '../requirements.ts'
import type { SetupName } from '../setups.ts'

const get = (path: string, token: string): string =>
  formatGet(path, `Authorization: Bearer {{${token}}}`)

const user = granted('user-42')
const delegatedUser = granted('user-42 through user-service')
const audienceMismatch = invalidToken(
  'audience_mismatch',
  'The access token is meant for another audience',
)
const actorRefused = forbidden('actor_not_allowed', 'The actor is not allowed here')
const delegationForbidden = forbidden(
  'delegation_forbidden',
  'Delegated access is not allowed here',
)
const delegationRequired = forbidden('delegation_required', 'Only delegated access is allowed here')
const clientRefused = forbidden('client_not_allowed', 'The client is not allowed here')
const accessRefused = (code: 'claim_not_accepted' | 'policy_denied'): ExpectedResponse =>
  forbidden(code, 'Access is not allowed')
const tokenRevoked = invalidToken('token_revoked', 'The access token was revoked')
const tokenExpired = invalidToken('token_expired', 'The access token expired')
/** The caller does not learn what the issuer says about a token. */
const inactive = (code: 'token_inactive' | 'audience_mismatch'): ExpectedResponse =>
  invalidToken(code, 'The access token is not valid')
const tokenDenied = invalidToken('token_denied', 'The access token is not accepted')
const stepUpRequired = refused({
  status: 401,
  code: 'authentication_insufficient',
  error: 'insufficient_user_authentication',
  detail: 'More recent or stronger authentication is required',
  parameters: 'acr_values="mfa hwk", max_age="300"',
})

/** Without a scope parameter, because a client cannot request a role. */
const privilegeMissing = (
  code: 'role_insufficient' | 'permission_insufficient',
): ExpectedResponse =>
  refused({
    status: 403,
    code,
    error: 'insufficient_scope',
    detail: 'The access token lacks a required privilege',
  })

type Row = readonly [
  path: string,
  token: string,
  proves: RequirementId,
  expect: ExpectedResponse,
  setup?: SetupName,
]

const rows: readonly Row[] = [
  ['/orders', 'good', 'audience', user],
  ['/stock', 'good', 'audience', audienceMismatch],
  ['/stock', 'other-audience', 'audience', user],
  ['/both', 'good', 'all-guards', audienceMismatch],
  ['/only', 'good', 'audience', user],
  ['/actor', 'delegated', 'policy-refusal', actorRefused],
  ['/actor', 'good', 'policy-refusal', actorRefused],
  ['/prior-actor', 'delegated', 'current-actor', actorRefused],
  ['/direct', 'good', 'attached-token', user],
  ['/direct', 'delegated', 'policy-refusal', delegationForbidden],
  ['/delegated', 'delegated', 'attached-token', delegatedUser],
  ['/delegated', 'good', 'policy-refusal', delegationRequired],
  ['/client', 'good', 'policy-refusal', clientRefused],
  ['/claim', 'good', 'policy-refusal', accessRefused('claim_not_accepted')],
  ['/policy', 'good', 'policy-refusal', accessRefused('policy_denied')],
  ['/policy-token', 'good', 'invalid-token', tokenDenied],
  ['/step-up', 'strong-authentication', 'step-up', user],
  ['/step-up', 'good', 'step-up', stepUpRequired],
  ['/step-up', 'weak-authentication', 'step-up', stepUpRequired],
  ['/step-up', 'old-authentication', 'step-up', stepUpRequired],
  ['/step-up', 'future-authentication', 'step-up', stepUpRequired],
  ['/role', 'editor', 'policy-refusal', user, 'roles'],
  ['/role', 'good', 'policy-refusal', privilegeMissing('role_insufficient'), 'roles'],
  ['/permission', 'editor', 'policy-refusal', user, 'roles'],
  ['/any', 'good', 'revocation', tokenRevoked, 'revoked'],
  ['/any', 'expired', 'revocation', tokenExpired, 'revoked'],
  ['/any', 'expired', 'revocation', tokenExpired, 'revocations-down'],
  ['/any', 'good', 'revocation', unavailable('revocations_unavailable'), 'revocations-down'],
  ['/any', 'good', 'revocation', granted('user-42', { revocations: 'stale' }), 'revocations-stale'],
  ['/read', 'opaque', 'introspection', user, 'introspection'],
  ['/stock', 'opaque', 'introspection', inactive('audience_mismatch'), 'introspection'],
  ['/read', 'opaque', 'introspection', inactive('token_inactive'), 'introspection-inactive'],
  [
    '/read',
    'opaque',
    'introspection',
    unavailable('introspection_unavailable'),
    'introspection-down',
  ],
  ['/permission', 'good', 'policy-refusal', privilegeMissing('permission_insufficient'), 'roles'],
]

/** The framework responds 500. The handler does not run, and the decision is recorded. */
const guardFailed = byFramework(500, { outcome: 'unavailable', code: 'verification_failed' })

export const guardCases: readonly Case[] = [
  ...rows.map(([path, token, proves, expected, setup]): Case => ({
    id: ['guard', path.slice(1), token, ...(setup && setup !== 'roles' ? [setup] : [])].join('-'),
    proves: [proves],
    ...(setup && { setup }),
    request: get(path, token),
    expect: [expected],
  })),
  {
    id: 'guards-all-pass',
    proves: ['all-guards', 'one-record'],
    request: get('/three', 'delegated-read'),
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
    proves: ['all-guards', 'one-record'],
    request: get('/three', 'delegated'),
    expect: [
      {
        ...insufficientScope('orders:read'),
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
    id: 'policy-throws',
    proves: ['fail-closed'],
    corpus: ['HTTP-error-mount'],
    request: get('/throws', 'good'),
    expect: [guardFailed],
  },
  {
    id: 'policy-rejects',
    proves: ['fail-closed'],
    corpus: ['HTTP-error-mount'],
    request: get('/rejects', 'good'),
    expect: [guardFailed],
  },
  {
    id: 'route-without-guard',
    proves: ['fail-closed'],
    corpus: ['HTTP-fastify-encaps', 'HTTP-error-mount'],
    request: get('/unguarded', 'good'),
    expect: [byFramework(500)],
  },
  {
    id: 'no-audience-configured',
    proves: ['fail-closed'],
    setup: 'no-audience',
    request: get('/read', 'read'),
    expect: [byFramework(500, { outcome: 'unavailable' })],
  },
  {
    id: 'spoofed-auth-without-token',
    proves: ['spoofed-auth'],
    corpus: ['HTTP-req-auth-preset'],
    setup: 'spoofed-auth',
    request: formatGet('/read'),
    expect: [noCredential],
  },
  {
    id: 'spoofed-auth-with-insufficient-token',
    proves: ['spoofed-auth'],
    setup: 'spoofed-auth',
    request: get('/read', 'good'),
    expect: [insufficientScope('orders:read')],
  },
  {
    id: 'spoofed-auth-with-valid-token',
    proves: ['spoofed-auth', 'attached-token'],
    setup: 'spoofed-auth',
    request: get('/read', 'read'),
    expect: [granted('user-42')],
  },
]
