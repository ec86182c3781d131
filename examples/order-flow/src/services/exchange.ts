import { genericGrantRequest, ResponseBodyError } from 'openid-client'
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

/** Trades the token that a service received for one that the next service takes (RFC 8693). */
export async function tokenExchange(settings: ClientSettings): Promise<ExchangeToken> {
  const config = await discoverClient(settings)
  return async (subjectToken, { audience, scope }) => {
    const answer = await genericGrantRequest(config, GRANT_TYPE, {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      audience,
      scope,
    }).catch(failed)
    return answer.access_token
  }
}

/** openid-client's error has a `status`, which Express would take for that of its own answer. */
function failed(cause: unknown): never {
  const why =
    cause instanceof ResponseBodyError ? `${cause.error}, ${cause.error_description}` : 'no answer'
  throw new UpstreamError(`the token exchange failed: ${why}`, { cause })
}
