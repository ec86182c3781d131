// A guard can be used wherever Express accepts a handler, and keeps the types of the route.
import {
  type AccessToken,
  type ExpressGuard,
  RequestRefusedError,
  resourceServer,
} from '@resource-server/express'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'

interface Claims {
  readonly tenant: string
  readonly roles?: readonly string[]
}

const api = resourceServer<Claims>({ issuer: 'https://as.example.com', audience: 'order-service' })
const app = express()
const router = express.Router()

app.use(api.requireAuthentication())
app.use('/orders', api.requireAudience('order-service'), router)
router.use(api.requireScope('orders:read'), api.requireDirect())
router.param('id', (_req, _res, next) => next())

router
  .route('/:id/lines/:line')
  .all(api.requireDelegated())
  .get(api.requireScope('orders:read'), api.requireClaim('tenant', 'acme'), (req, res) => {
    const [id, line]: [string, string] = [req.params.id, req.params.line]
    // @ts-expect-error two guards before the handler do not change the parameters
    req.params.lines
    res.json({ id, line })
  })

// A list of guards for several routes
const both = [api.requireScope('orders:read'), api.requireActor('user-service')]
app.use('/lists', both)
app.get('/more/:more', ...both, (req, res) => {
  const more: string = req.params.more
  res.json(more)
})

const guard: ExpressGuard = api.requireStepUp({ acr: 'mfa', maxAge: 300 })
const handler: RequestHandler = guard

// The types of the route's body are kept as well
app.post<{ id: string }, { ok: boolean }, { amount: number }>('/pay/:id', guard, (req, res) => {
  const amount: number = req.body.amount
  // @ts-expect-error the body does not have this member
  const total: number = req.body.total
  res.json({ ok: amount > total })
})

app.get('/claims', guard, (req, res) => {
  const token: AccessToken<Claims> = api.token(req)
  const tenant: string = token.claims.tenant
  const roles: readonly string[] | undefined = token.claims.roles
  const issuedAt: number = token.claims.iat
  // @ts-expect-error an undeclared claim is unknown
  const department: string = token.claims['department']
  // @ts-expect-error claims are read-only
  token.claims.tenant = 'other'
  res.json({ tenant, roles, issuedAt, department })
})

api.requirePolicy(({ claims }) => claims.roles?.includes(claims.tenant) ?? false)
api.requirePolicy(async ({ claims }) => claims.tenant === 'acme')
// @ts-expect-error a policy function sees the declared claims only
api.requirePolicy(({ claims }) => claims.tenants === 'acme')
// @ts-expect-error a policy function resolves to a boolean
api.requirePolicy(async () => 1)

app.get('/audit', guard, (req, res) => {
  const { actor, priorActors } = api.token(req)
  // @ts-expect-error prior actors are for audit only: no guard accepts them
  api.requireActor(...priorActors)
  // @ts-expect-error the same for one of them
  api.requireActor(priorActors[0])
  // @ts-expect-error a prior actor is not a client
  api.requireClient(priorActors[0])
  res.json({ actor: actor?.subject, clients: priorActors.map(({ clientId }) => clientId) })
})

const onError: ErrorRequestHandler = (error, _req, res, next) => {
  if (!(error instanceof RequestRefusedError)) return next(error)
  const headers: Readonly<Record<string, string>> = error.headers
  res.status(error.status).set(headers).json({ code: error.code })
}
app.use(handler, onError)
