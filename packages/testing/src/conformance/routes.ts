import { type AccessToken, deny } from '@resource-server/core'
import type { Route } from './host.ts'
import { audience } from './tokens.ts'

/** Responds with the subject and the actor, so that a case can tell which token was attached. */
function describeToken(token: () => AccessToken | undefined): string {
  const attached = token()
  if (!attached) return 'anonymous'
  const { subject, actor } = attached
  return actor ? `${subject} through ${actor.subject}` : subject
}

const route = (method: Route['method'], path: string, guards: Route['guards']): Route => ({
  method,
  path,
  guards,
  respond: describeToken,
})
const get = (path: string, guards: Route['guards']): Route => route('GET', path, guards)

/** For setups whose profile maps roles and permissions. Without one, these guards are a ConfigError. */
export const roleRoutes: readonly Route[] = [
  get('/role', (api) => [api.requireRole('editor')]),
  get('/permission', (api) => [api.requirePermission('orders:cancel')]),
]

/** The routes of most setups. */
export const routes: readonly Route[] = [
  get('/any', (api) => [api.requireAuthentication()]),
  get('/orders', (api) => [api.requireAudience(audience)]),
  get('/stock', (api) => [api.requireAudience('stock-service')]),
  get('/both', (api) => [api.requireAudience(audience), api.requireAudience('stock-service')]),
  get('/only', (api) => [api.requireAudience({ only: audience })]),
  get('/read', (api) => [api.requireScope('orders:read')]),
  get('/read-write', (api) => [api.requireScope('orders:read', 'orders:write')]),
  get('/read-or-write', (api) => [api.requireAnyScope('orders:write', 'orders:admin')]),
  get('/read-then-write', (api) => [
    api.requireAnyScope('orders:read', 'orders:list'),
    api.requireScope('orders:write'),
  ]),
  get('/scope', (api) => [api.requireScope('read')]),
  get('/prototype', (api) => [api.requireScope('__proto__', 'constructor')]),
  get('/actor', (api) => [api.requireActor('order-gateway')]),
  get('/prior-actor', (api) => [api.requireActor('mobile-gateway')]),
  get('/direct', (api) => [api.requireDirect()]),
  get('/delegated', (api) => [api.requireDelegated()]),
  get('/client', (api) => [api.requireClient('another-client')]),
  get('/claim', (api) => [api.requireClaim('tenant', 'acme')]),
  get('/policy', (api) => [api.requirePolicy(() => false)]),
  get('/policy-token', (api) => [
    api.requirePolicy(() => deny.invalidToken('the account is in db-7')),
  ]),
  get('/step-up', (api) => [api.requireStepUp({ acr: ['mfa', 'hwk'], maxAge: 300 })]),
  get('/three', (api) => [
    api.requireAudience(audience),
    api.requireScope('orders:read'),
    api.requireActor('user-service'),
  ]),
  get('/throws', (api) => [
    api.requirePolicy(() => {
      throw new Error('the database is at 10.0.0.7')
    }),
  ]),
  get('/rejects', (api) => [
    api.requirePolicy(() => Promise.reject(new Error('the database is at 10.0.0.7'))),
  ]),
  get('/unguarded', () => []),
  route('POST', '/orders', (api) => [api.requireAudience(audience)]),
  {
    ...route('OPTIONS', '/orders', (api) => [api.requireAudience(audience)]),
    respond: () => 'preflight',
  },
]
