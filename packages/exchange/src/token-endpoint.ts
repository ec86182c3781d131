import { ConfigError } from '@resource-server/core'
import {
  discard,
  discoverMetadata,
  FetchError,
  failedRequest,
  isSecure,
  type JsonObject,
  own,
  parsePlainUrl,
  quote,
  readJson,
  retryAfterOf,
  withinDeadline,
} from '@resource-server/core/client'
import {
  allowInsecureRequests,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  customFetch,
  type DPoPHandle,
  genericTokenEndpointRequest,
} from 'oauth4webapi'
import type { DpopKey } from './dpop-key.ts'
import type { Failure } from './hop-error.ts'
import { secretsOf, withoutSecrets } from './request-secrets.ts'
import type { ServerSettings, Settings } from './settings.ts'

/** A response with status 200, or an error that the server sent as JSON. */
export type TokenAnswer =
  | { readonly ok: true; readonly body: JsonObject }
  | {
      readonly ok: false
      readonly status: number
      readonly error: string
      readonly description: string | undefined
      readonly body: JsonObject
      readonly retryAfter: number | undefined
    }

export type Form = readonly (readonly [name: string, value: string])[]

/** Larger than any real response. */
const maxBytes = 65_536
/** How long the metadata is used, in milliseconds. */
const metadataLifetime = 3_600_000

/** Never aborts: a caller that gives up does not end a request that others wait for. */
const neverAborted = (): AbortSignal => new AbortController().signal

type EndpointSettings = ServerSettings & Pick<Settings, 'allowInsecureHttp' | 'clock' | 'fetch'>

/** Sends requests to the token endpoint of one authorization server. */
export class TokenEndpoint {
  readonly #settings: EndpointSettings
  readonly #key: DpopKey
  readonly #client: Client
  readonly #authenticate: ClientAuth
  #known: { readonly server: AuthorizationServer; readonly until: number } | undefined

  constructor(settings: EndpointSettings, key: DpopKey) {
    const { client, clock } = settings
    this.#settings = settings
    this.#key = key
    this.#client = {
      client_id: client.id,
      use_mtls_endpoint_aliases: client.authentication === 'mtls',
    }
    this.#authenticate = client.authenticate(() => clock.now())
  }

  /**
   * Sends a token request, and reads the response within 5 seconds. If a DPoP proof lacks the server's nonce,
   * the request is sent once more with it.
   *
   * @throws FetchError if there is no usable response
   * @throws ConfigError if the metadata is wrong
   */
  async request(grant: string, form: Form, bound: boolean): Promise<TokenAnswer> {
    const dpop = bound ? await this.#key.handle() : undefined
    const answer = await this.#send(grant, form, dpop)
    const needsNonce = !answer.ok && answer.error === 'use_dpop_nonce' && dpop !== undefined
    return needsNonce ? this.#send(grant, form, dpop) : answer
  }

  /** Fetches the metadata, if there is any. @throws as `request` */
  async prepare(): Promise<void> {
    await withinDeadline((signal) => this.#server(signal), neverAborted())
  }

  /** Makes the next request fetch the metadata again. For use after a failure. */
  reset(): void {
    this.#known = undefined
  }

  #send(grant: string, form: Form, dpop: DPoPHandle | undefined): Promise<TokenAnswer> {
    return withinDeadline(async (signal) => {
      const server = await this.#server(signal)
      const { fetch } = this.#settings
      let response: Response
      let secrets: readonly string[] = []
      try {
        response = await genericTokenEndpointRequest(
          server,
          this.#client,
          this.#authenticate,
          grant,
          form.map(([name, value]) => [name, value]),
          {
            signal,
            ...(dpop && { DPoP: dpop }),
            // The URLs were checked when they were configured or discovered.
            [allowInsecureRequests]: true,
            [customFetch]: (url, init) => {
              secrets = secretsOf(init)
              return fetch(url, init)
            },
          },
        )
      } catch (error) {
        throw failedRequest(error)
      }
      return readAnswer(response, secrets)
    }, neverAborted())
  }

  async #server(signal: AbortSignal): Promise<AuthorizationServer> {
    const { issuer, tokenEndpoint, clock } = this.#settings
    if (tokenEndpoint !== undefined) return { issuer, token_endpoint: tokenEndpoint }
    if (this.#known && this.#known.until > clock.monotonic()) return this.#known.server
    const server = await this.#discover(signal)
    this.#known = { server, until: clock.monotonic() + metadataLifetime }
    return server
  }

  async #discover(signal: AbortSignal): Promise<AuthorizationServer> {
    const { fetch, issuer, client } = this.#settings
    const get = (url: string, init: object): Promise<Response> => fetch(url, init)
    const { metadata, usesHttps } = await discoverMetadata(get, this.#settings, signal)
    const aliases = own(metadata, 'mtls_endpoint_aliases')
    const alias =
      client.authentication === 'mtls' && typeof aliases === 'object' && aliases !== null
        ? own(aliases as JsonObject, 'token_endpoint')
        : undefined
    const endpoint = alias ?? own(metadata, 'token_endpoint')
    return { issuer, token_endpoint: this.#checkEndpoint(endpoint, usesHttps) }
  }

  /** A token endpoint on plain http would receive the secret and the tokens. */
  #checkEndpoint(value: unknown, usesHttps: boolean): string {
    const { issuer, allowInsecureHttp } = this.#settings
    const url = parsePlainUrl(value)
    if (!url) {
      throw new ConfigError(
        `The metadata of '${issuer}' has no valid token_endpoint.`,
        "Set 'tokenEndpoint'.",
      )
    }
    const isDowngrade = usesHttps && url.protocol !== 'https:' && !allowInsecureHttp
    if (isSecure(url, allowInsecureHttp) && !isDowngrade) return url.href
    throw new ConfigError(
      `The token_endpoint in the metadata of '${issuer}' must be an https URL.`,
      'Fix it at the authorization server, or set allowInsecureHttp: true on a trusted network.',
    )
  }
}

/** @param secrets which the description of an error must not repeat */
async function readAnswer(response: Response, secrets: readonly string[]): Promise<TokenAnswer> {
  const { status, headers } = response
  if (!isJson(headers.get('content-type'))) throw unusable(response)
  const body = await readJson(response, maxBytes)
  if (status === 200) return { ok: true, body }
  const error = own(body, 'error')
  if (typeof error !== 'string') {
    throw new FetchError(
      `answered with status ${status} and no error`,
      status,
      retryAfterOf(headers),
    )
  }
  const said = own(body, 'error_description')
  return {
    ok: false,
    status,
    error: withoutSecrets(error, secrets),
    description: typeof said === 'string' ? withoutSecrets(said, secrets) : undefined,
    body,
    retryAfter: retryAfterOf(headers),
  }
}

function isJson(type: string | null): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type ?? '')
}

function unusable({ status, headers, body }: Response): FetchError {
  discard(body)
  const type = headers.get('content-type')
  const shown = type === null ? 'without a content type' : `of type ${quote(type)}`
  const redirect = status >= 300 && status < 400 ? ' (a redirect, which is not followed)' : ''
  const message = `answered with status ${status}${redirect} and a body ${shown}`
  return new FetchError(message, status, retryAfterOf(headers))
}

/** What a request that failed means for the caller. */
export function failureOf(error: unknown, what: string): Failure {
  if (error instanceof ConfigError) {
    return { code: 'exchange_misconfigured', reason: error.message, retryAfter: 5 }
  }
  const { status, retryAfter, message } = asFetchError(error)
  // Without a status, there was no complete response.
  const isOutage = status === undefined || status === 429 || status >= 500
  const code = isOutage ? 'server_unavailable' : 'response_invalid'
  return { code, reason: `${what}: the server ${message}`, retryAfter }
}

function asFetchError(error: unknown): FetchError {
  return error instanceof FetchError ? error : failedRequest(error)
}
