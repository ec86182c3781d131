// Starts a route with requireScope on each host. Returns its URL, and a function that stops it.
const events = require('node:events')
const http = require('node:http')
const express = require('express')
const fastify = require('fastify')
const Koa = require('koa')

async function listening(server) {
  await events.once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${server.address().port}/`, close }
}

exports.hosts = {
  express({ resourceServer }, options) {
    const api = resourceServer(options)
    const app = express()
    app.get('/', api.requireScope('orders:read'), (req, res) => res.send(api.token(req).subject))
    return listening(app.listen(0, '127.0.0.1'))
  },
  koa({ resourceServer }, options) {
    const api = resourceServer(options)
    const app = new Koa().use(api.requireScope('orders:read')).use((ctx) => {
      ctx.body = ctx.state.auth.subject
    })
    return listening(app.listen(0, '127.0.0.1'))
  },
  async fastify({ resourceServer }, options) {
    const app = fastify({ forceCloseConnections: true })
    await app.register(resourceServer, options)
    app.get('/', { onRequest: app.requireScope('orders:read') }, async ({ auth }) => auth.subject)
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
  },
  // A minimal host with Request and Response.
  fetch({ resourceServer }, options) {
    const api = resourceServer(options)
    const handle = api.protect(
      (request) => new Response(api.token(request).subject),
      api.requireScope('orders:read'),
    )
    const serve = async ({ url, headers }, res) => {
      const response = await handle(new Request(`http://127.0.0.1${url}`, { headers }))
      res.writeHead(response.status, Object.fromEntries(response.headers))
      res.end(await response.text())
    }
    const server = http.createServer((req, res) => void serve(req, res))
    return listening(server.listen(0, '127.0.0.1'))
  },
}
