import { randomBytes } from 'node:crypto'
import type { JsonObject, KeyRing } from '../keys/signing-keys.ts'
import type { TestClock } from '../test-clock.ts'
import { sign } from '../tokens/sign.ts'
import type { TokenOptions } from '../tokens/token-options.ts'
import { verifyJwt } from '../tokens/verify.ts'
import { authenticateClient } from './client-authentication.ts'
import type { ReceivedRequest } from './exchange.ts'
import type { RawReply, TestClient, TokenRequest } from './token-endpoint.ts'

/**
 * The introspection endpoint of a test issuer (RFC 7662). It knows the opaque tokens and the JWTs that the issuer
 * created. A request that accepts `application/token-introspection+jwt` gets a signed response (RFC 9701). `stop()` and
 * `delay()` of the issuer apply to it as well.
 */
export interface IntrospectionEndpoint {
  /** Its URL. The metadata contains it as `introspection_endpoint`, if the issuer has `clients`. */
  readonly url: string
  /** The requests so far, including refused ones. A snapshot. */
  readonly requests: readonly TokenRequest[]
  /** Makes a token inactive from now on. */
  revoke(token: string): void
  /** Replaces members of every later response about an active token. A member that is `undefined` is omitted. */
  alter(members: JsonObject): void
  /** Replaces members of the header and the payload of every later signed response. */
  alterSigned(jwt: { readonly header?: JsonObject; readonly payload?: JsonObject }): void
  /** Sends this response to every later request. */
  reply(reply: RawReply): void
  /** Undoes `alter`, `alterSigned`, and `reply`. Revoked tokens stay revoked. */
  reset(): void
}

/** The content of an opaque token: the same as that of a JWT, plus an optional prefix. */
export interface OpaqueTokenOptions extends Omit<TokenOptions, 'header'> {
  /** How the token begins. Default: nothing. */
  readonly prefix?: string
}

interface IntrospectionContext {
  readonly url: string
  readonly issuer: string
  readonly clock: TestClock
  readonly ring: KeyRing
  readonly clients: Readonly<Record<string, TestClient>>
  readonly claimsOf: (options: TokenOptions) => JsonObject
}

export interface IntrospectionServer {
  readonly endpoint: IntrospectionEndpoint
  readonly createOpaqueToken: (options: OpaqueTokenOptions) => string
  readonly respond: (request: ReceivedRequest) => RawReply
}

const jwtType = 'application/token-introspection+jwt'

interface Switches {
  readonly members?: JsonObject
  readonly signed?: { readonly header?: JsonObject; readonly payload?: JsonObject }
  readonly reply?: RawReply
}

/** Creates the introspection endpoint of one issuer. */
export function createIntrospectionServer(context: IntrospectionContext): IntrospectionServer {
  const { clock, issuer, ring } = context
  const requests: TokenRequest[] = []
  const revoked = new Set<string>()
  const opaque = new Map<string, JsonObject>()
  const usedAssertions = new Set<string>()
  let switches: Switches = {}

  const answerTo = (token: string): JsonObject => {
    const claims = opaque.get(token) ?? verifyJwt(token, ring.published())?.payload
    const isCurrent = claims && Number(claims['exp']) * 1000 > clock.now()
    if (!isCurrent || revoked.has(token)) return { active: false }
    return { active: true, token_type: 'Bearer', ...claims, ...switches.members }
  }
  const signed = (answer: JsonObject, client: string): RawReply => {
    const iat = Math.floor(clock.now() / 1000)
    const { header, payload } = switches.signed ?? {}
    const claims = { iss: issuer, aud: client, iat, token_introspection: answer, ...payload }
    const body = sign({ typ: 'token-introspection+jwt', ...header }, claims, ring.current())
    return { headers: { 'content-type': jwtType }, body }
  }
  const respond = ({ headers, body }: ReceivedRequest): RawReply => {
    const form = new URLSearchParams(body)
    const { client, authentication, isValid } = authenticateClient(
      headers,
      form,
      context,
      usedAssertions,
    )
    requests.push({ client, authentication, form: [...form], headers })
    if (switches.reply) return switches.reply
    if (!isValid) {
      const challenge = { 'www-authenticate': 'Basic realm="test issuer"' }
      return { status: 401, headers: challenge, body: '{"error":"invalid_client"}' }
    }
    const answer = answerTo(form.get('token') ?? '')
    if (String(headers['accept']).includes(jwtType)) return signed(answer, client)
    return { headers: { 'cache-control': 'no-store' }, body: JSON.stringify(answer) }
  }
  return {
    endpoint: {
      url: context.url,
      get requests() {
        return Object.freeze([...requests])
      },
      revoke: (token) => void revoked.add(token),
      alter: (members) => void (switches = { ...switches, members }),
      alterSigned: (jwt) => void (switches = { ...switches, signed: jwt }),
      reply: (reply) => void (switches = { ...switches, reply }),
      reset: () => void (switches = {}),
    },
    createOpaqueToken({ prefix = '', ...options }) {
      const token = prefix + randomBytes(24).toString('base64url')
      opaque.set(token, context.claimsOf(options))
      return token
    },
    respond,
  }
}
