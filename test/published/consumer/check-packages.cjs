// One good token, one for another service, one configuration that cannot be right, and a route on each host.
// Ends with exit code 1 unless all goes as it must.
const assert = require('node:assert/strict')
const { hosts } = require('./hosts.cjs')

exports.judge = async (packages) => {
  const { ConfigError, createVerifier, VerificationError, createTestIssuer, adapters } = packages
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

  // The same on every host
  for (const [host, start] of Object.entries(hosts)) {
    const { url, close } = await start(adapters[host], options)
    const ask = (credential) => fetch(url, { headers: { authorization: `Bearer ${credential}` } })
    assert.equal(await (await ask(issuer.token(order))).text(), 'user-42', host)
    assert.equal((await ask(another)).status, 401, host)
    assert.equal((await fetch(url)).status, 401, host)
    await close()
  }

  await issuer.close()
  console.log('judged')
}
