import { keycloak } from '@resource-server/core/providers'
import { resourceServer } from '@resource-server/fetch'
import { createTestIssuer } from '@resource-server/testing'
import { expect, onTestFinished, test } from 'vitest'

// What docs/providers/keycloak.md says about `acr`. The claims are those of tokens that Keycloak 26.7.4 issued;
// its lowest level was named silver, and the next one gold.

test.each([
  ['a user who signed in with the second factor', { acr: 'gold', azp: 'dock-ui' }, 200],
  ['a user who signed in with a password', { acr: 'silver', azp: 'dock-ui' }, 401],
  ['a client that exchanged the token of such a user', { acr: 'silver', azp: 'parcel-api' }, 401],
  ['a service account', { acr: 'silver', azp: 'batch' }, 401],
])('requireStepUp({ acr: "gold" }), for the token of %s', async (_who, claims, status) => {
  const issuer = await createTestIssuer({ provider: 'keycloak', path: '/realms/harbor' })
  onTestFinished(() => issuer.close())
  const options = { issuer: keycloak(issuer.url), audience: 'parcel-api', clock: issuer.clock }
  const api = resourceServer(options)
  const handle = api.protect(() => new Response('ok'), api.requireStepUp({ acr: 'gold' }))
  const token = issuer.token({ aud: 'parcel-api', claims })
  const headers = { authorization: `Bearer ${token}` }
  const response = await handle(new Request('https://parcels.example/', { headers }))
  expect(response.status).toBe(status)
  if (status === 401) {
    expect(response.headers.get('www-authenticate')).toContain('acr_values="gold"')
  }
})
