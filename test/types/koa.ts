import { Router } from '@koa/router'
import { type AccessToken, type AuthState, resourceServer } from '@resource-server/koa'
import Koa from 'koa'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)
const app = new Koa()
app.use(api.requireAudience('order-service'))

// The state is typed through generics, of the router or of the app.
const router = new Router<AuthState<{ tenant: string }>>()
router.get('/orders/:id', api.requireScope('orders:read'), (ctx) => {
  const id: string | undefined = ctx.params['id']
  const { tenant }: { readonly tenant: string } = ctx.state.auth.claims
  // @ts-expect-error a claim that nobody named is unknown
  const department: string = ctx.state.auth.claims['department']
  // @ts-expect-error nobody may write to the state of a guard
  ctx.state.auth = undefined
  ctx.body = { id, tenant, department, subject: api.token(ctx).subject }
})
app.use(router.routes())

// A guard fits contexts whose state says nothing of it.
new Koa<{ session: string }>().use(api.requireDirect()).use((ctx) => {
  const session: string = ctx.state.session
  const tenant: string = api.token(ctx).claims.tenant
  ctx.body = { session, tenant }
})

// @ts-expect-error a guard must be made before it can guard: this would never be called
app.use(api.requireScope)

const lenient = resourceServer({ ...options, optional: true })
new Koa<Partial<AuthState>>().use((ctx) => {
  // @ts-expect-error an anonymous request has no token
  ctx.body = lenient.token(ctx).subject
  // @ts-expect-error nor has its state
  ctx.body = ctx.state.auth.subject
  const token: AccessToken | undefined = lenient.token(ctx)
  ctx.body = token?.subject
})
