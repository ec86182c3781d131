import type { AccessToken, TokenView } from '@resource-server/core'
import { keycloak } from '@resource-server/core/providers'
import { dialects, type ExchangedToken, HopError, nextHop } from '@resource-server/exchange'

const client = { id: 'order-service', secret: 'a secret' }
const issuer = 'https://as.example.com'
const hop = nextHop({ issuer, client, audience: 'inventory-service', scope: ['stock:read'] })
nextHop({ issuer: keycloak('https://k.example/realms/x'), client, audience: ['a', 'b'] })
nextHop({ issuer, client, audience: 'a', dialect: { ...dialects.okta, severalTargets: true } })

declare const token: AccessToken<{ tenant: string }>
declare const view: TokenView
const exchanged: Promise<ExchangedToken> = hop.token(token, { signal: AbortSignal.timeout(10) })
const response: Promise<Response> = hop.fetch(token, '/stock/7', { method: 'PUT', body: 'x' })

// @ts-expect-error the text of a token is not verified
await hop.token(token.raw)
// @ts-expect-error a view of a token lacks its raw value
await hop.token(view)
// @ts-expect-error no token, as for an anonymous request
await hop.fetch(undefined, '/stock/7')
// @ts-expect-error the client is required
nextHop({ issuer, audience: 'inventory-service' })
// @ts-expect-error the secret must not be undefined
nextHop({ issuer, client: { id: 'a', secret: process.env['SECRET'] }, audience: 'b' })
// @ts-expect-error an unknown option
nextHop({ issuer, client, audience: 'b', audiences: ['b'] })
// @ts-expect-error an unknown dialect
nextHop({ issuer, client, audience: 'b', dialect: 'cognito' })

try {
  await exchanged
  await response
} catch (error) {
  if (error instanceof HopError) {
    const status: number = error.status
    // @ts-expect-error the codes are a closed set
    const unknown: boolean = error.code === 'timeout'
    status
    unknown
  }
}
