import type { KoaContextWithOIDC, ResourceServer, ResourceServerInstance } from 'oidc-provider'
import { errors, type Provider } from './oidc-provider.ts'
import { clients, lifetimes, type Service, services } from './policy.ts'

/** Describes the access tokens of a service to oidc-provider. */
function asResourceServer({ audience, alg, scopes }: Service): ResourceServer {
  return {
    audience,
    scope: scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: lifetimes.accessToken,
    jwt: { sign: { alg } },
  }
}

/**
 * Finds the service for the `resource` parameter of a sign-in (RFC 8707).
 *
 * @throws InvalidTarget if the service is unknown or the client may not request tokens for it
 */
export function resourceServerInfo(
  _ctx: KoaContextWithOIDC,
  indicator: string,
  client: { clientId: string },
): ResourceServer {
  const service = services.get(indicator)
  if (!service || !clients.get(client.clientId)?.signInFor.includes(service.audience)) {
    throw new errors.InvalidTarget()
  }
  return asResourceServer(service)
}

/**
 * Finds the service for the `audience` parameter of a token exchange.
 *
 * @throws InvalidTarget if the service is unknown
 */
export function resourceServerFor(provider: Provider, audience: string): ResourceServerInstance {
  for (const [indicator, service] of services) {
    if (service.audience === audience) {
      return new provider.ResourceServer(indicator, asResourceServer(service))
    }
  }
  throw new errors.InvalidTarget()
}
