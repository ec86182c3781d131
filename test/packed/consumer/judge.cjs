// One good token, one for another service, one configuration that cannot be right, and a route.
// Ends with exit code 1 unless all goes as it must.
const assert = require('node:assert/strict')
const events = require('node:events')
const express = require('express')

exports.judge = async (packages) => {
  const { ConfigError, createVerifier, VerificationError, resourceServer, createTestIssuer } =
    packages
  const issuer = await createTestIssuer()
  const options = { issuer: issuer.url, audience: 'order-service' }

  const verifier = createVerifier(options)
  const order = { sub: 'user-42', aud: 'order-service', scope: 'orders:read' }
  const token = await verifier.verify(issuer.token(order))
  assert.equal(token.subject, 'user-42')
  assert.equal(token.hasScope('orders:read'), true)

  const another = issuer.token({ ...order, aud: 'inventory-service' })
  await assert.rejects(verifier.verify(another), (error) => {
    assert.ok(error instanceof VerificationError)
    assert.equal(error.category, 'refused')
    assert.equal(typeof error.code, 'string')
    return true
  })

  assert.throws(() => createVerifier({ issuer: issuer.url, audience: undefined }), ConfigError)

  const api = resourceServer(options)
  const server = express()
    .get('/orders', api.requireScope('orders:read'), (req, res) => res.json(api.token(req).subject))
    .listen(0, '127.0.0.1')
  await events.once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/orders`
  const ask = (credential) => fetch(url, { headers: { authorization: `Bearer ${credential}` } })
  assert.equal(await (await ask(issuer.token(order))).json(), 'user-42')
  assert.equal((await ask(another)).status, 401)
  assert.equal((await fetch(url)).status, 401)

  server.close()
  server.closeAllConnections()
  await issuer.close()
  console.log('judged')
}
