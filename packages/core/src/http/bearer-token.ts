import { type Refusal, refuse } from '../errors/refusal.ts'
import { type HttpRequest, headerValues } from './request.ts'

declare const minted: unique symbol

/** A bearer token as the request carried it. Minted here only. */
export interface Credential {
  readonly token: string
  readonly [minted]: 'Credential'
}

/** One space and a token68 (RFC 9110 section 11.2): dots, base64url and a little more; no comma. */
const bearer = /^bearer [A-Za-z0-9\-._~+/]+=*$/i

/**
 * A proxy, or the Fetch standard, joins two headers into one: a comma, then another scheme and its
 * token or alone, or nothing where one was empty. Of schemes with parameters, quoted commas are no joint.
 */
const joints: readonly RegExp[] = [
  /^[ \t]*bearer[ \t].*,[ \t]*[\w-]+[ \t]+[^ \t=]/i,
  /,[ \t]*[\w-]+[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*(?:,|$)/,
  /^[ \t]*,|,[ \t]+[\w-]*$/,
]
/** Behind a Bearer token a comma alone is no joint: that is malformed. */
const anotherFirst = /^[ \t]*([\w-]+)[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*,/

function isJoined(value: string): boolean {
  const first = anotherFirst.exec(value)?.[1]
  if (first !== undefined && !first.toLowerCase().startsWith('bearer')) return true
  return joints.some((joint) => joint.test(value))
}

/**
 * The request's one credential; `undefined` where there is no Authorization header at all. This is
 * the sole reader of that header. Tokens in the query, the body or a cookie are never read
 * (RFC 6750 section 2.1 is the only transport).
 */
export function readCredential(request: HttpRequest): Credential | undefined | Refusal {
  const values = headerValues(request, 'authorization')
  if (values.length === 0) return undefined
  const [value] = values
  if (values.length > 1 || Array.isArray(value)) {
    return refuse('credential_repeated', 'the request has more than one Authorization header')
  }
  if (typeof value !== 'string' || value.trim() === '') {
    return refuse('credential_malformed', 'the Authorization header is empty')
  }
  if (bearer.test(value)) return { token: value.slice('bearer '.length) } as Credential
  return whyNotBearer(value)
}

function whyNotBearer(value: string): Refusal {
  if (isJoined(value)) {
    return refuse(
      'credential_repeated',
      'two credentials were joined into one Authorization header',
    )
  }
  const [scheme = ''] = value.split(/[ \t]/, 1)
  if (scheme.toLowerCase() !== 'bearer') {
    return refuse(
      'credential_scheme_unsupported',
      'the Authorization header is not of the Bearer scheme',
    )
  }
  return refuse('credential_malformed', 'Bearer is not followed by one space and one token')
}
