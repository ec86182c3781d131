// Token requests without a client library, so that the parameters are visible here.

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

interface TokenError {
  readonly error: string
  readonly description: string
}

type Form = Readonly<Record<string, string>>

interface Exchange {
  readonly subjectToken: string
  readonly actorToken?: string
  readonly audience: string
  readonly scope: string
}

export interface TokenEndpoint {
  /** @throws if the server refuses the request */
  readonly request: (client: string, form: Form) => Promise<string>
  readonly asClient: (client: string, scope?: string) => Promise<string>
  /** RFC 8693 section 2.1. @throws if the server refuses the request */
  readonly exchange: (client: string, exchange: Exchange) => Promise<string>
  /** The error of an exchange that the server must refuse. @throws if the server issues a token */
  readonly refusalOf: (client: string, exchange: Exchange) => Promise<TokenError>
}

/** The secret of a client is `<client>-secret`. Public clients have none. */
export function tokenEndpoint(url: string, publicClients: readonly string[] = []): TokenEndpoint {
  const post = async (client: string, form: Form): Promise<Record<string, string>> => {
    const isPublic = publicClients.includes(client)
    const body = new URLSearchParams(isPublic ? { client_id: client, ...form } : form)
    const basic = Buffer.from(`${client}:${client}-secret`).toString('base64')
    const headers: Record<string, string> = isPublic ? {} : { authorization: `Basic ${basic}` }
    const response = await fetch(url, { method: 'POST', headers, body })
    return (await response.json()) as Record<string, string>
  }
  const request = async (client: string, form: Form): Promise<string> => {
    const response = await post(client, form)
    if (response.access_token) return response.access_token
    throw new Error(`${client} got no token: ${response.error} ${response.error_description ?? ''}`)
  }
  return {
    request,
    asClient: (client, scope) =>
      request(client, { grant_type: 'client_credentials', ...(scope && { scope }) }),
    exchange: (client, exchange) => request(client, exchangeForm(exchange)),
    refusalOf: async (client, exchange) => {
      const {
        access_token: token,
        error,
        error_description,
      } = await post(client, exchangeForm(exchange))
      if (token || !error) throw new Error(`the server issued a token to ${client}`)
      return { error, description: error_description ?? '' }
    },
  }
}

function exchangeForm({ subjectToken, actorToken, audience, scope }: Exchange): Form {
  return {
    grant_type: exchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessToken,
    requested_token_type: accessToken,
    ...(actorToken && { actor_token: actorToken, actor_token_type: accessToken }),
    audience,
    scope,
  }
}
