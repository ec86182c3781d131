import type { AuthorizationServer } from '../src/authorization-server/authorization-server.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
export const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'

export interface TokenResponse {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export type Parameters = Readonly<Record<string, string>> | readonly [string, string][]

/** Sends a token request without a client library, so that a test can omit or change any parameter. */
export async function postToken(
  { issuer, clientSecrets }: AuthorizationServer,
  clientId: string,
  parameters: Parameters,
): Promise<TokenResponse> {
  const body = new URLSearchParams(parameters as Record<string, string>)
  const secret = clientSecrets.get(clientId)
  if (secret === undefined) body.set('client_id', clientId)
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: secret ? { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` } : {},
    body,
  })
  return { status: response.status, body: (await response.json()) as TokenResponse['body'] }
}

/**
 * By default, user-service exchanges a token for order-service with the scope orders:read. `changes`
 * replace parameters; an empty string means that a parameter is missing.
 */
export async function exchange(
  server: AuthorizationServer,
  subjectToken: string,
  { client = 'user-service', ...changes }: Readonly<Record<string, string>> = {},
): Promise<TokenResponse> {
  return postToken(server, client, {
    grant_type: TOKEN_EXCHANGE,
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN,
    audience: 'order-service',
    scope: 'orders:read',
    ...changes,
  })
}
