// An app with nested routers, a mounted app, and the usual mistakes.
export function addRoutes({ express, cors, resourceServer, splat }) {
  const api = resourceServer({
    issuer: 'https://as.example.com',
    audience: 'order-service',
    resource: 'https://orders.example.com',
    log: 'off',
  })
  const handle = (req, res) => res.json({ path: req.path })
  const app = express()
  app.use(express.json())
  app.get('/health', (_req, res) => res.send('ok'))
  app.get('/late', handle, api.requireAuthentication())
  app.use('/api', api.metadata())

  const orders = express.Router()
  orders.get('/', api.requireScope('orders:read'), handle)
  const lines = express.Router({ mergeParams: true })
  lines.route('/:line').get(handle).delete(api.requireScope('orders:write'), handle)
  orders.use('/:id/lines', lines)
  app.use('/orders', api.requireAudience('order-service'), orders)

  app.use('/reports/public', express.static('public'))
  app.use('/reports', api.requireAuthentication())
  app.all(`/reports/${splat}`, handle)

  const admin = express()
  admin.get('/users', handle)
  admin.use(api.requireScope('admin'))
  admin.post('/users', handle)
  app.use('/admin', admin)

  // The second handler is reached without the guard of the first.
  app.get('/left', (_req, _res, next) => next('route'), api.requireDirect(), handle)
  app.get('/left', handle)

  // Only GET requests pass the guard.
  app.get('/mixed', api.requireDirect())
  app.all('/mixed', handle)

  // The first function answers, so the guard is never reached.
  app.use('/blocked', handle)
  app.use('/blocked', api.requireDirect())
  app.get('/blocked/x', handle)

  // A function with one parameter that passes the request on.
  const wrap = (next) => next()
  app.get('/wrapped', (_req, ...rest) => wrap(rest.at(-1)), api.requireDirect(), handle)

  app.post('/hooks', (req, res) => res.json({ path: req.path }))
  app.use(api.requireDirect())
  app.get(/^\/items\/(\d+)$/, handle)
  app.get('/later', handle)
  app.use(cors())
  return app
}
