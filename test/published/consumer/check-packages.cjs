// A valid token, a token for another service, an invalid configuration, and a route on each host. Exits
// with code 1 if anything is not as expected.
const assert = require('node:assert/strict')
const { hosts } = require('./hosts.cjs')

exports.checkPackages = async (packages) => {
  const { ConfigError, createVerifier, VerificationError, createTestIssuer, adapters } = packages
  const issuer = await createTestIssuer()
  const options = { issuer: issuer.url, audience: 'order-service' }

  const verifier = createVerifier(options)
  const order = { sub: 'user-42', aud: 'order-service', scope: 'orders:read' }
  const token = await verifier.verify(issuer.token(order))
  assert.equal(token.subject, 'user-42')
  assert.equal(token.hasScope('orders:read'), true)

  const otherAudience = issuer.token({ ...order, aud: 'inventory-service' })
  await assert.rejects(verifier.verify(otherAudience), (error) => {
    assert.ok(error instanceof VerificationError)
    assert.equal(error.category, 'refused')
    assert.equal(typeof error.code, 'string')
    return true
  })

  assert.throws(() => createVerifier({ issuer: issuer.url, audience: undefined }), ConfigError)

  // Each host
  for (const [host, start] of Object.entries(hosts)) {
    const { url, close } = await start(adapters[host], options)
    const get = (credential) => fetch(url, { headers: { authorization: `Bearer ${credential}` } })
    assert.equal(await (await get(issuer.token(order))).text(), 'user-42', host)
    assert.equal((await get(otherAudience)).status, 401, host)
    assert.equal((await fetch(url)).status, 401, host)
    await close()
  }

  await issuer.close()
  console.log('ok')
}
