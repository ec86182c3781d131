import type { KoaContextWithOIDC, ResourceServer, ResourceServerInstance } from 'oidc-provider'
import { errors, type Provider } from './oidc-provider.ts'
import { clients, lifetimes, type Service, services } from './policy.ts'

/** How oidc-provider is told what a token for this service looks like. */
function asResourceServer({ audience, alg, scopes }: Service): ResourceServer {
  return {
    audience,
    scope: scopes.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: lifetimes.accessToken,
    jwt: { sign: { alg } },
  }
}

/** For the sign-in: what the client asked for with `resource` (RFC 8707), if it may ask for it. */
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

/** For the exchange, where the target is named by its audience. */
export function resourceServerFor(provider: Provider, audience: string): ResourceServerInstance {
  for (const [indicator, service] of services) {
    if (service.audience === audience) {
      return new provider.ResourceServer(indicator, asResourceServer(service))
    }
  }
  throw new errors.InvalidTarget()
}
