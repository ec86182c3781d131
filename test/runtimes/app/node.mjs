import { serve } from '@hono/node-server'
import { createApp } from './app.mjs'

const { fetch } = createApp(process.env['ISSUER'] ?? '')
serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`port ${port}`))
