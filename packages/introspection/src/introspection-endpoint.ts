import { ConfigError, type IntrospectionContext } from '@resource-server/core'
import {
  discard,
  discoverMetadata,
  failedRequest,
  FetchError,
  JsonError,
  type JsonObject,
  own,
  parseJsonObject,
  readBounded,
  retryAfterOf,
  withinDeadline,
} from '@resource-server/core/client'
import {
  allowInsecureRequests,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  customFetch,
  introspectionRequest,
} from 'oauth4webapi'
import type { Answer } from './answer-cache.ts'
import { checkEndpoint, type IntrospectSettings } from './options.ts'

/** An answer, and the size of the response in bytes. */
export interface Received {
  readonly answer: Answer
  readonly bytes: number
}

/** More than any real response, in decoded bytes. */
const maxBytes = 65_536
/** How long the metadata is used, in milliseconds. */
const metadataLifetime = 3_600_000

const jwtType = 'application/token-introspection+jwt'

/** Asks the introspection endpoint of one issuer. */
export class IntrospectionEndpoint {
  readonly #settings: IntrospectSettings
  readonly #context: IntrospectionContext
  readonly #client: Client
  readonly #authenticate: ClientAuth
  readonly #configured: string | undefined
  readonly #closing = new AbortController()
  #discovered: { readonly url: string; readonly until: number } | undefined

  /** @throws ConfigError if the configured endpoint does not fit the issuer */
  constructor(settings: IntrospectSettings, context: IntrospectionContext) {
    const { client, endpoint } = settings
    this.#settings = settings
    this.#context = context
    this.#client = { client_id: client.id }
    this.#authenticate = client.authenticate(() => context.clock.now())
    this.#configured = endpoint === undefined ? undefined : this.#checked(endpoint)
  }

  /**
   * Sends one request, and reads the response within 5 seconds.
   *
   * @throws FetchError if there is no answer that can be used
   * @throws ConfigError if the metadata has no endpoint that can be used
   */
  ask(token: string): Promise<Received> {
    return withinDeadline(async (signal) => {
      const url = this.#configured ?? (await this.#discover(signal))
      return this.#read(await this.#send(url, token, signal))
    }, this.#closing.signal)
  }

  /** Makes the next request fetch the metadata again. */
  reset(): void {
    this.#discovered = undefined
  }

  close(): void {
    this.#closing.abort()
  }

  async #send(url: string, token: string, signal: AbortSignal): Promise<Response> {
    const { fetch, signedResponses, assertionAudience } = this.#settings
    // The issuer is the audience of client assertions, and is used for nothing else.
    const issuer = assertionAudience ?? this.#context.issuer
    const server: AuthorizationServer = { issuer, introspection_endpoint: url }
    try {
      return await introspectionRequest(server, this.#client, this.#authenticate, token, {
        signal,
        requestJwtResponse: signedResponses,
        // The URL was checked when it was configured or discovered.
        [allowInsecureRequests]: true,
        [customFetch]: (to, init) => fetch(to, init as never),
      })
    } catch (error) {
      throw failedRequest(error)
    }
  }

  async #read(response: Response): Promise<Received> {
    const { status, headers } = response
    const type = typeOf(response)
    if (status !== 200 || (type !== 'application/json' && type !== jwtType)) {
      discard(response.body)
      throw new FetchError(problemWith(status, type), status, retryAfterOf(headers))
    }
    const bytes = await readBounded(response, maxBytes)
    const members = type === jwtType ? await this.#verify(bytes) : this.#parse(bytes)
    return { answer: answerIn(members), bytes: bytes.byteLength }
  }

  #parse(bytes: Uint8Array): JsonObject {
    if (this.#settings.signedResponses) {
      throw new FetchError('answered with a response that is not signed', 200)
    }
    try {
      return parseJsonObject(bytes)
    } catch (error) {
      const problem = error instanceof JsonError ? error.message : 'cannot be parsed'
      throw new FetchError(`answered with an unusable body (${problem})`, 200)
    }
  }

  /** RFC 9701 section 5. Only the members of `token_introspection` count. */
  async #verify(bytes: Uint8Array): Promise<JsonObject> {
    const { issuer, verifyJwt } = this.#context
    const { client, responseAudience } = this.#settings
    const jwt = new TextDecoder().decode(bytes)
    const audience = [responseAudience ?? client.id]
    const result = await verifyJwt(jwt, 'introspection response', { issuer, audience })
    if (result.ok) return own(result.claims, 'token_introspection') as JsonObject
    throw new FetchError(`answered with a JWT that is not accepted: ${result.reason}`, 200)
  }

  async #discover(signal: AbortSignal): Promise<string> {
    const { clock, fetch } = this.#context
    if (this.#discovered && this.#discovered.until > clock.monotonic()) return this.#discovered.url
    const { metadata } = await discoverMetadata(fetch, this.#context, signal)
    const url = this.#checked(this.#endpointIn(metadata))
    this.#discovered = { url, until: clock.monotonic() + metadataLifetime }
    return url
  }

  /** The endpoint for clients with a certificate may be another one (RFC 8705 section 5). */
  #endpointIn(metadata: JsonObject): unknown {
    const aliases = own(metadata, 'mtls_endpoint_aliases')
    const usesAlias = this.#settings.client.authentication === 'mtls'
    const alias =
      usesAlias && typeof aliases === 'object' && aliases !== null
        ? own(aliases as JsonObject, 'introspection_endpoint')
        : undefined
    return alias ?? own(metadata, 'introspection_endpoint')
  }

  #checked(value: unknown): string {
    const { allowOtherOrigin } = this.#settings
    return checkEndpoint(value, { ...this.#context, allowOtherOrigin })
  }
}

function typeOf({ headers }: Response): string {
  const [type = ''] = headers.get('content-type')?.split(';', 1) ?? []
  return type.trim().toLowerCase()
}

/** Statuses that say that the request itself is not accepted. Their cause is not the caller's token. */
const ourFault: Readonly<Record<number, string>> = {
  400: 'It does not accept the request',
  401: 'It does not accept the client: check client.id, and its secret or key',
  403: 'The client may not introspect tokens: allow it at the authorization server',
  404: 'The endpoint does not exist: check its URL',
}

function problemWith(status: number, type: string): string {
  if (status === 200) return 'answered with status 200 and a body that is not JSON'
  const advice =
    ourFault[status] ?? (status >= 300 && status < 400 ? 'Redirects are not followed' : '')
  const withType = type.startsWith('text/html') ? ' and a page' : ''
  return `answered with status ${status}${withType}${advice && `. ${advice}`}`
}

/** RFC 7662 section 2.2. Nothing but `true` is active. */
function answerIn(members: JsonObject): Answer {
  const active = own(members, 'active')
  if (active === true) return { outcome: 'active', claims: members, cached: false }
  if (active === false) return { outcome: 'inactive', cached: false }
  throw new FetchError("answered without a boolean 'active'", 200)
}

/** Whether the configuration or the client is at fault, so that another request would not help soon. */
export function isMisconfiguration(error: unknown): boolean {
  if (error instanceof ConfigError) return true
  const { status } = error as FetchError
  return status !== undefined && Object.hasOwn(ourFault, status)
}
