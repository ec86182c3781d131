// Requests with a good token, without a token, and without the scope. CommonJS, as Express is.
const events = require('node:events')
const express = require('express')

module.exports.check = async ({ resourceServer, createTestIssuer }) => {
  const issuer = await createTestIssuer()
  const order = { aud: 'order-service', scope: 'orders:read' }
  const options = { issuer: issuer.url, audience: 'order-service', clock: issuer.clock }
  const api = resourceServer(options)
  const app = express().get('/', api.requireScope('orders:read'), (req, res) => {
    res.send(api.token(req).subject)
  })
  const server = app.listen(0, '127.0.0.1')
  await events.once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  const get = (token) => fetch(url, { headers: { authorization: `Bearer ${token}` } })
  try {
    const granted = await get(issuer.token(order))
    const anonymous = await fetch(url)
    const withoutScope = await get(issuer.token({ ...order, scope: 'orders:write' }))
    return [granted.status, await granted.text(), anonymous.status, withoutScope.status]
  } finally {
    server.close()
    server.closeAllConnections()
    await issuer.close()
  }
}
