import { clientCredentialsGrant, genericGrantRequest, ResponseBodyError } from 'openid-client'
import { type ClientSettings, discoverClient } from '../discover-client.ts'
import { UpstreamError } from './upstream.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export interface ExchangeRequest {
  /** The service that the new token shall be for. */
  readonly audience: string
  readonly scope: string
}

/** @throws UpstreamError where the authorization server refuses or cannot be reached */
export type ExchangeToken = (subjectToken: string, request: ExchangeRequest) => Promise<string>

export interface ExchangeSettings extends ClientSettings {
  /** Some servers, such as Spring's, write `act` only for an actor token: this client's own. */
  readonly withActorToken?: boolean | undefined
}

/** Trades the token that a service received for one that the next service takes (RFC 8693). */
export async function tokenExchange(settings: ExchangeSettings): Promise<ExchangeToken> {
  const config = await discoverClient(settings)
  const actor = async (): Promise<Record<string, string>> => {
    const { access_token: actorToken } = await clientCredentialsGrant(config)
    return { actor_token: actorToken, actor_token_type: ACCESS_TOKEN }
  }
  const exchange = async (subjectToken: string, { audience, scope }: ExchangeRequest) => {
    const answer = await genericGrantRequest(config, GRANT_TYPE, {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      ...(settings.withActorToken && (await actor())),
      audience,
      scope,
    })
    return answer.access_token
  }
  return (subjectToken, request) => exchange(subjectToken, request).catch(failed)
}

/** openid-client's error has a `status`, which Express would take for that of its own answer. */
function failed(cause: unknown): never {
  const why =
    cause instanceof ResponseBodyError ? `${cause.error}, ${cause.error_description}` : 'no answer'
  throw new UpstreamError(`the token exchange failed: ${why}`, { cause })
}
