import { resourceServer, type ResourceServerOptions } from '@resource-server/fetch'
import { Hono } from 'hono'

const titles: ReadonlyMap<string, string> = new Map([['desk-lamp', 'Desk lamp, brass']])

/** Runs on Hono. The token is optional, but if there is one, it must be issued for this service. */
export function catalogService(options: ResourceServerOptions): Hono {
  const { authenticate, requireAudience } = resourceServer({ ...options, optional: true })

  const app = new Hono()
  app.get('/items/:id', async (c) => {
    const auth = await authenticate(c.req.raw, requireAudience('catalog-service'))
    if (!auth.ok) return auth.response
    const id = c.req.param('id')
    const title = titles.get(id)
    return title ? c.json({ id, title, for: auth.token?.subject ?? 'anonymous' }) : c.notFound()
  })

  return app
}
