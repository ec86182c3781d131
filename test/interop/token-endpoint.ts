/** Plain token requests: what is sent stands here, and nothing is hidden by a client library. */

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

interface Refused {
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
  /** @throws where the server refuses */
  readonly request: (client: string, form: Form) => Promise<string>
  readonly asClient: (client: string, scope?: string) => Promise<string>
  /** RFC 8693 section 2.1. @throws where the server refuses */
  readonly exchange: (client: string, exchange: Exchange) => Promise<string>
  /** The same where the server is to refuse. @throws where it does not */
  readonly refusalOf: (client: string, exchange: Exchange) => Promise<Refused>
}

/** Public clients have no secret; the services' secrets are `<client>-secret`. */
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
    const answer = await post(client, form)
    if (answer.access_token) return answer.access_token
    throw new Error(`${client} got no token: ${answer.error} ${answer.error_description ?? ''}`)
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
