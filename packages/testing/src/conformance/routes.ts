import type { AccessToken } from '@resource-server/core'
import type { Route } from './host.ts'
import { audience } from './tokens.ts'

/** What a handler saw, so that a case can tell whose token was attached. */
function who(token: () => AccessToken | undefined): string {
  const found = token()
  if (!found) return 'anonymous'
  const { subject, actor } = found
  return actor ? `${subject} through ${actor.subject}` : subject
}

const on =
  (method: Route['method']) =>
  (path: string, guards: Route['guards']): Route => ({ method, path, guards, answer: who })
const get = on('GET')

/** For setups whose profile knows roles and permissions: elsewhere these guards die at construction. */
export const privilegeRoutes: readonly Route[] = [
  get('/role', (api) => [api.requireRole('editor')]),
  get('/permission', (api) => [api.requirePermission('orders:cancel')]),
]

/** The routes that most setups have: one for each guard, and one for what can go wrong. */
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
  get('/exchanged', (api) => [api.requireClient('nobody')]),
  get('/claim', (api) => [api.requireClaim('tenant', 'acme')]),
  get('/policy', (api) => [api.requirePolicy(() => false)]),
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
  on('POST')('/orders', (api) => [api.requireAudience(audience)]),
  {
    ...on('OPTIONS')('/orders', (api) => [api.requireAudience(audience)]),
    answer: () => 'preflight',
  },
]
