import { randomUUID } from 'node:crypto'
import type { JsonObject, KeyRing } from '../keys/signing-keys.ts'
import type { TestClock } from '../test-clock.ts'
import type { ActorClaims } from '../tokens/providers.ts'
import { sign } from '../tokens/sign.ts'
import { thumbprintOf } from '../tokens/thumbprint.ts'
import type { TokenOptions } from '../tokens/token-options.ts'
import { verifyJwt } from '../tokens/verify.ts'
import { authenticateClient } from './client-authentication.ts'
import type {
  RawReply,
  TestClient,
  TokenEndpoint,
  TokenRefusal,
  TokenRequest,
} from './token-endpoint.ts'

/** What the token endpoint needs from its issuer. */
export interface ExchangeContext {
  readonly url: string
  readonly issuer: string
  readonly clock: TestClock
  readonly ring: KeyRing
  readonly clients: Readonly<Record<string, TestClient>>
  readonly createToken: (options: TokenOptions) => string
  /** Whether the provider's tokens can name actors. */
  readonly writesActors: boolean
}

/** A request as the server received it. */
export interface ReceivedRequest {
  readonly headers: TokenRequest['headers']
  readonly body: string
}

export interface ExchangeServer {
  readonly endpoint: TokenEndpoint
  readonly respond: (request: ReceivedRequest) => RawReply
}

/** A refusal by the rules of the endpoint. Thrown and turned into a response in one place. */
class Refused extends Error {
  readonly error: string
  readonly refusal: TokenRefusal

  constructor(error: string, description: string, refusal: TokenRefusal = {}) {
    super(description)
    this.error = error
    this.refusal = { description, ...refusal }
  }
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
/** draft-ietf-oauth-identity-assertion-authz-grant. */
const assertionType = 'urn:ietf:params:oauth:token-type:id-jag'
const assertionTyp = 'oauth-id-jag+jwt'
const lifetime = 300

interface Switches {
  readonly refusal?: readonly [error: string, refusal: TokenRefusal]
  readonly members?: JsonObject
  readonly reply?: RawReply
  readonly nonce?: string
}

/** Creates the token endpoint of one issuer. */
export function createExchangeServer(context: ExchangeContext): ExchangeServer {
  const requests: TokenRequest[] = []
  const revoked = new Set<string>()
  const usedAssertions = new Set<string>()
  const trusted = new Map<string, JsonObject>()
  let switches: Switches = {}
  const respond = (received: ReceivedRequest): RawReply => {
    const form = new URLSearchParams(received.body)
    const presented = authenticateClient(received.headers, form, context, usedAssertions)
    const { client, authentication } = presented
    requests.push({ client, authentication, form: [...form], headers: received.headers })
    if (switches.reply) return switches.reply
    try {
      if (!presented.isValid) throw new Refused('invalid_client', 'the client is not authenticated')
      const jkt = keyOfProof(received.headers, context, switches.nonce)
      if (switches.refusal) throw new Refused(switches.refusal[0], '', switches.refusal[1])
      const answer = answerTo(form, { client, jkt, revoked, trusted, context })
      return json(200, { ...answer, ...switches.members })
    } catch (error) {
      if (error instanceof Refused) return refusalReply(error, switches.nonce)
      throw error
    }
  }
  const endpoint: TokenEndpoint = {
    url: context.url,
    get requests() {
      return Object.freeze([...requests])
    },
    refuse: (error, refusal = {}) => void (switches = { ...switches, refusal: [error, refusal] }),
    alter: (members) => void (switches = { ...switches, members }),
    reply: (reply) => void (switches = { ...switches, reply }),
    requireNonce: (nonce) => void (switches = { ...switches, nonce }),
    trust: ({ url, key }) => void trusted.set(url, key.publicJwk),
    revoke: (token) => void revoked.add(token),
    reset: () => void (switches = {}),
  }
  return { endpoint, respond }
}

interface Grant {
  readonly client: string
  /** The thumbprint of the key that the new token is bound to. */
  readonly jkt: string | undefined
  readonly revoked: ReadonlySet<string>
  /** The keys of the issuers whose identity assertions are accepted. */
  readonly trusted: ReadonlyMap<string, JsonObject>
  readonly context: ExchangeContext
}

const grants: Readonly<Record<string, (form: URLSearchParams, grant: Grant) => JsonObject>> = {
  client_credentials: issueToClient,
  'urn:ietf:params:oauth:grant-type:token-exchange': exchange,
  'urn:ietf:params:oauth:grant-type:jwt-bearer': exchangeAssertion,
}

function answerTo(form: URLSearchParams, grant: Grant): JsonObject {
  const type = form.get('grant_type') ?? ''
  if (!Object.hasOwn(grants, type)) throw new Refused('unsupported_grant_type', type)
  return grants[type]!(form, grant)
}

/** RFC 6749 section 4.4. The token is for the issuer, which uses it as an actor token. */
function issueToClient(_form: URLSearchParams, { client, context }: Grant): JsonObject {
  const aud = context.issuer
  const token = context.createToken({ aud, sub: client, clientId: client })
  return { access_token: token, token_type: 'Bearer', expires_in: lifetime }
}

/** RFC 8693 section 2. */
function exchange(form: URLSearchParams, grant: Grant): JsonObject {
  if (form.get('subject_token_type') !== accessTokenType) {
    throw new Refused('invalid_request', 'subject_token_type must be an access token')
  }
  const requested = form.get('requested_token_type') ?? accessTokenType
  if (requested !== accessTokenType && requested !== assertionType) {
    throw new Refused('invalid_request', 'only access tokens and identity assertions are issued')
  }
  const subject = verifyOwn(form.get('subject_token'), 'subject_token', grant)
  const actorToken = form.get('actor_token')
  const actor = actorToken === null ? undefined : verifyOwn(actorToken, 'actor_token', grant)
  const targets = [...form.getAll('audience'), ...form.getAll('resource')]
  const scopes = form.get('scope')?.split(' ')
  if (requested === assertionType) return issueAssertion(form, subject, grant)
  const issued = issue({ subject, actor, targets, scopes }, grant)
  return { ...issued, issued_token_type: accessTokenType }
}

/** An identity assertion for another authorization server, which is one of the client's targets. */
function issueAssertion(form: URLSearchParams, subject: JsonObject, grant: Grant): JsonObject {
  const { client, context } = grant
  const aud = form.get('audience') ?? ''
  allowedScopes([aud], context.clients[client]?.targets ?? {})
  const iat = Math.floor(context.clock.now() / 1000)
  const resource = form.get('resource')
  const scope = form.get('scope')
  const assertion = sign(
    { typ: assertionTyp },
    {
      ...{ iss: context.issuer, sub: subject['sub'], aud, client_id: client },
      ...{ jti: randomUUID(), iat, exp: iat + 300 },
      ...(resource !== null && { resource }),
      ...(scope !== null && { scope }),
    },
    context.ring.current(),
  )
  return {
    ...{ access_token: assertion, issued_token_type: assertionType, token_type: 'N_A' },
    expires_in: 300,
  }
}

/** RFC 7523: the assertion is a token of a user, or an identity assertion of another issuer. */
function exchangeAssertion(form: URLSearchParams, grant: Grant): JsonObject {
  return form.has('requested_token_use') ? onBehalfOf(form, grant) : acceptAssertion(form, grant)
}

function acceptAssertion(form: URLSearchParams, grant: Grant): JsonObject {
  const { client, trusted, context } = grant
  const jwt = verifyJwt(form.get('assertion') ?? '', [...trusted.values()])
  const { iss, sub, aud, exp, resource, scope } = jwt?.payload ?? {}
  const isValid =
    jwt?.header['typ'] === assertionTyp &&
    trusted.has(String(iss)) &&
    aud === context.issuer &&
    Number(exp) * 1000 > context.clock.now()
  if (!isValid) throw new Refused('invalid_grant', 'the identity assertion is not valid')
  const targets = typeof resource === 'string' ? [resource] : []
  const scopes = typeof scope === 'string' ? scope.split(' ') : undefined
  const subject = { sub, exp: Number(exp) }
  return issue({ subject, actor: undefined, targets, scopes }, { ...grant, client })
}

/** Entra's on-behalf-of flow (RFC 7523): the target is the part of each scope before its last slash. */
function onBehalfOf(form: URLSearchParams, grant: Grant): JsonObject {
  if (form.get('requested_token_use') !== 'on_behalf_of') {
    throw new Refused('invalid_request', 'requested_token_use must be on_behalf_of')
  }
  const subject = verifyOwn(form.get('assertion'), 'assertion', grant)
  const names = form.get('scope')?.split(' ') ?? []
  const targets = [...new Set(names.map((name) => name.replace(/\/[^/]*$/, '')))]
  const scopes = names.map((name) => name.replace(/^.*\//, ''))
  const all = scopes.includes('.default') ? undefined : scopes
  return issue({ subject, actor: undefined, targets, scopes: all }, grant)
}

interface Issued {
  readonly subject: JsonObject
  readonly actor: JsonObject | undefined
  readonly targets: readonly string[]
  readonly scopes: readonly string[] | undefined
}

function issue({ subject, actor, targets, scopes }: Issued, grant: Grant): JsonObject {
  const { client, jkt, context } = grant
  const allowed = allowedScopes(targets, context.clients[client]?.targets ?? {})
  const granted = scopes ?? allowed
  const missing = granted.find((scope) => !allowed.includes(scope))
  if (missing !== undefined) throw new Refused('invalid_scope', `${missing} is not allowed`)
  const now = Math.floor(context.clock.now() / 1000)
  const expiresIn = Math.min(lifetime, Number(subject['exp']) - now)
  const current = typeof actor?.['sub'] === 'string' ? actor['sub'] : client
  const token = context.createToken({
    aud: targets.length === 1 ? targets[0]! : targets,
    sub: String(subject['sub']),
    expiresIn,
    clientId: client,
    ...(granted.length > 0 && { scope: granted }),
    ...(context.writesActors && { actors: actorsOf(subject, current) }),
    ...(jkt !== undefined && { claims: { cnf: { jkt } } }),
  })
  return {
    access_token: token,
    token_type: jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: expiresIn,
    ...(granted.length > 0 && { scope: granted.join(' ') }),
  }
}

function allowedScopes(
  targets: readonly string[],
  allowed: NonNullable<TestClient['targets']>,
): readonly string[] {
  if (targets.length === 0) throw new Refused('invalid_target', 'the request has no target')
  const unknown = targets.find((target) => !Object.hasOwn(allowed, target))
  if (unknown !== undefined) throw new Refused('invalid_target', `${unknown} is not allowed`)
  return targets.flatMap((target) => allowed[target]!)
}

/** The client first, then the actors of the subject token: RFC 8693 section 4.1. */
function actorsOf({ act }: JsonObject, current: string): readonly (string | ActorClaims)[] {
  const prior: ActorClaims[] = []
  for (let next = act; typeof next === 'object' && next !== null;) {
    const { act: nested, ...claims } = next as JsonObject
    prior.push(claims as ActorClaims)
    next = nested
  }
  return [current, ...prior]
}

/** A token that this issuer signed for the client. */
function verifyOwn(
  token: string | null,
  name: string,
  { client, revoked, context }: Grant,
): JsonObject {
  const jwt = token === null ? undefined : verifyJwt(token, context.ring.published())
  if (!jwt || token === null) throw new Refused('invalid_request', `${name} is not a valid token`)
  const { iss, exp, aud, cnf } = jwt.payload
  const isForClient = [aud].flat().includes(client) || name === 'actor_token'
  if (iss !== context.issuer || !isForClient) {
    throw new Refused('invalid_request', `${name} is not for this client`)
  }
  if (revoked.has(token) || Number(exp) * 1000 <= context.clock.now()) {
    throw new Refused('invalid_grant', `${name} expired or was revoked`)
  }
  if (cnf !== undefined) throw new Refused('invalid_request', `${name} is bound to another key`)
  return jwt.payload
}

/** Checks the DPoP proof of a request, if it has one: RFC 9449 section 5. Returns the thumbprint of its key. */
function keyOfProof(
  headers: TokenRequest['headers'],
  { url, clock }: ExchangeContext,
  nonce: string | undefined,
): string | undefined {
  const { dpop: proof } = headers
  if (proof === undefined) return undefined
  const jwk = typeof proof === 'string' ? keyIn(proof) : undefined
  const jwt = jwk && verifyJwt(String(proof), [jwk])
  if (!jwt) throw new Refused('invalid_dpop_proof', 'the proof is not valid')
  const { htm, htu, iat, nonce: used } = jwt.payload
  const isCurrent = Math.abs(Number(iat) * 1000 - clock.now()) <= 60_000
  if (htm !== 'POST' || htu !== url || !isCurrent) {
    throw new Refused('invalid_dpop_proof', 'the proof is for another request')
  }
  if (nonce !== undefined && used !== nonce) {
    throw new Refused('use_dpop_nonce', 'a nonce is required')
  }
  return thumbprintOf(jwk)
}

function keyIn(proof: string): JsonObject | undefined {
  try {
    const [header = ''] = proof.split('.')
    return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { jwk?: JsonObject }).jwk
  } catch {
    return undefined
  }
}

function refusalReply({ error, refusal }: Refused, nonce: string | undefined): RawReply {
  const { description, members, status = error === 'invalid_client' ? 401 : 400 } = refusal
  const reply = json(status, {
    error,
    ...(description && { error_description: description }),
    ...members,
  })
  const headers = { ...reply.headers, ...(nonce !== undefined && { 'dpop-nonce': nonce }) }
  return { ...reply, headers }
}

function json(status: number, body: JsonObject): RawReply {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(body) }
}
