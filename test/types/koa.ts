import { Router } from '@koa/router'
import { type AccessToken, type AuthState, resourceServer } from '@resource-server/koa'
import Koa from 'koa'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)
const app = new Koa()
app.use(api.requireAudience('order-service'))

// The state is typed with the generics of the router or of the app.
const router = new Router<AuthState<{ tenant: string }>>()
router.get('/orders/:id', api.requireScope('orders:read'), (ctx) => {
  const id: string | undefined = ctx.params['id']
  const { tenant }: { readonly tenant: string } = ctx.state.auth.claims
  // @ts-expect-error an undeclared claim is unknown
  const department: string = ctx.state.auth.claims['department']
  // @ts-expect-error ctx.state.auth is read-only
  ctx.state.auth = undefined
  ctx.body = { id, tenant, department, subject: api.token(ctx).subject }
})
app.use(router.routes())

// A guard can be used if the state type does not declare auth.
new Koa<{ session: string }>().use(api.requireDirect()).use((ctx) => {
  const session: string = ctx.state.session
  const tenant: string = api.token(ctx).claims.tenant
  ctx.body = { session, tenant }
})

// @ts-expect-error requireScope must be called: it returns the guard
app.use(api.requireScope)

const lenient = resourceServer({ ...options, optional: true })
new Koa<Partial<AuthState>>().use((ctx) => {
  // @ts-expect-error an anonymous request has no token
  ctx.body = lenient.token(ctx).subject
  // @ts-expect-error the same for ctx.state
  ctx.body = ctx.state.auth.subject
  const token: AccessToken | undefined = lenient.token(ctx)
  ctx.body = token?.subject
})
