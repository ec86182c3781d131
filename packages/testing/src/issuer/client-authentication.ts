import type { TestClock } from '../test-clock.ts'
import { verifyJwt } from '../tokens/verify.ts'
import type { TestClient, TokenRequest } from './token-endpoint.ts'

interface PresentedClient extends Pick<TokenRequest, 'client' | 'authentication'> {
  readonly isValid: boolean
}

interface Context {
  readonly issuer: string
  readonly url: string
  readonly clock: TestClock
  readonly clients: Readonly<Record<string, TestClient>>
}

/** How the request identifies its client, and whether that is proved: RFC 6749 section 2.3, RFC 7523. */
export function authenticateClient(
  headers: TokenRequest['headers'],
  form: URLSearchParams,
  context: Context,
  usedAssertions: Set<string>,
): PresentedClient {
  const { authorization } = headers
  if (typeof authorization === 'string') return byBasic(authorization, context)
  const client = form.get('client_id') ?? ''
  const known = clientOf(client, context)
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    const isValid = isAssertion(assertion, client, context, usedAssertions)
    return { client, authentication: 'assertion', isValid }
  }
  const secret = form.get('client_secret')
  if (secret === null) {
    return { client, authentication: 'none', isValid: known?.unauthenticated === true }
  }
  const isValid = known?.secret !== undefined && known.secret === secret
  return { client, authentication: 'post', isValid }
}

function clientOf(name: string, { clients }: Context): TestClient | undefined {
  return Object.hasOwn(clients, name) ? clients[name] : undefined
}

/** Both parts are form-encoded before they are joined: RFC 6749 section 2.3.1. */
function byBasic(authorization: string, context: Context): PresentedClient {
  const [, encoded = ''] = /^Basic (.+)$/i.exec(authorization) ?? []
  const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
  const client = formDecoded(name)
  const secret = clientOf(client, context)?.secret
  const isValid = secret !== undefined && secret === formDecoded(rest.join(':'))
  return { client, authentication: 'basic', isValid }
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text}`).get('value') ?? ''
}

/** RFC 7523 section 3. An assertion can be used once and expires within a minute. */
function isAssertion(
  assertion: string,
  client: string,
  context: Context,
  used: Set<string>,
): boolean {
  const key = clientOf(client, context)?.publicKey
  const jwt = key && verifyJwt(assertion, [key])
  if (!jwt) return false
  const { iss, sub, aud, exp, jti } = jwt.payload
  const secondsLeft = Number(exp) - context.clock.now() / 1000
  const isNew = typeof jti === 'string' && !used.has(jti)
  if (isNew) used.add(jti)
  return (
    isNew &&
    iss === client &&
    sub === client &&
    [aud].flat().includes(context.issuer) &&
    secondsLeft > 0 &&
    secondsLeft <= 61
  )
}
