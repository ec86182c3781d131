import { clientCredentialsGrant, genericGrantRequest, ResponseBodyError } from 'openid-client'
import { type ClientSettings, discoverClient } from '../discover-client.ts'
import { UpstreamError } from './upstream.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export interface ExchangeRequest {
  /** The service that the new token is for. */
  readonly audience: string
  readonly scope: string
}

/**
 * Exchanges a token and returns the new access token.
 *
 * @throws UpstreamError if the authorization server refuses the exchange or is unreachable
 */
export type ExchangeToken = (subjectToken: string, request: ExchangeRequest) => Promise<string>

export interface ExchangeSettings extends ClientSettings {
  /**
   * Whether to send a token of this client as the actor token. Some servers, such as Spring
   * Authorization Server, write `act` only then. Default: false.
   */
  readonly sendActorToken?: boolean | undefined
}

/**
 * Creates the function that exchanges the token a service received for a token for the next service
 * (RFC 8693).
 */
export async function tokenExchange(settings: ExchangeSettings): Promise<ExchangeToken> {
  const config = await discoverClient(settings)
  const actorParameters = async (): Promise<Record<string, string>> => {
    const { access_token: actorToken } = await clientCredentialsGrant(config)
    return { actor_token: actorToken, actor_token_type: ACCESS_TOKEN }
  }
  const exchange = async (subjectToken: string, { audience, scope }: ExchangeRequest) => {
    const response = await genericGrantRequest(config, GRANT_TYPE, {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      ...(settings.sendActorToken && (await actorParameters())),
      audience,
      scope,
    })
    return response.access_token
  }
  return (subjectToken, request) => exchange(subjectToken, request).catch(exchangeFailed)
}

/** Wraps the error of openid-client: Express would use its `status` for the service's own response. */
function exchangeFailed(cause: unknown): never {
  const reason =
    cause instanceof ResponseBodyError
      ? `${cause.error}, ${cause.error_description}`
      : 'no response'
  throw new UpstreamError(`the token exchange failed: ${reason}`, { cause })
}
