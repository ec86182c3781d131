import type { CredentialRule } from '../config/credential.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { checkOrigin, placeOf, tokenIn, valuesIn } from './credential-source.ts'
import { hasPreflightHeaders, type HttpRequest, headerValues } from './request.ts'

declare const brand: unique symbol

/** The token of a request, and the scheme it was sent with. Only this module creates it. */
export interface Credential {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
  readonly [brand]: 'Credential'
}

/** One space and a token68 (RFC 9110 section 11.2), which cannot contain a comma. */
const credential = /^(bearer|dpop) ([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Proxies and the Fetch standard join repeated headers with a comma. It is followed by a scheme and its
 * token, a scheme alone, or nothing if one of the headers was empty. The commas between the parameters of
 * one credential, and those in quotes, must not match.
 */
const joinedHeaders: readonly RegExp[] = [
  /^[ \t]*(?:bearer|dpop)[ \t].*,[ \t]*[\w-]+[ \t]+[^ \t=]/i,
  /,[ \t]*[\w-]+[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*(?:,|$)/,
  /^[ \t]*,|,[ \t]+[\w-]*$/,
]
/** A comma after the token of another scheme. After our own schemes, a comma alone is only malformed. */
const tokenOfFirstScheme = /^[ \t]*([\w-]+)[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*,/

function isJoined(value: string): boolean {
  const scheme = tokenOfFirstScheme.exec(value)?.[1]
  if (scheme !== undefined && !/^(?:bearer|dpop)/i.test(scheme)) return true
  return joinedHeaders.some((pattern) => pattern.test(value))
}

/**
 * Returns the request's credential, or `undefined` if the request has no `Authorization` header. A request
 * with more than one credential is refused. Tokens in the query or the body are never read: only RFC 6750 section 2.1
 * is supported. No other module reads this header.
 */
export function readCredential(
  request: HttpRequest,
  acceptsDpop: boolean,
): Credential | undefined | Refusal {
  const values = headerValues(request, 'authorization')
  if (values.length === 0) return undefined
  const [value] = values
  if (values.length > 1 || Array.isArray(value)) {
    return refuse('credential_repeated', 'the request has more than one Authorization header')
  }
  if (typeof value !== 'string' || value.trim() === '') {
    return refuse('credential_malformed', 'the Authorization header is empty')
  }
  const match = credential.exec(value)
  const scheme = schemeOf(match?.[1], acceptsDpop)
  return scheme ? ({ scheme, token: match![2] } as Credential) : whyNotAccepted(value, acceptsDpop)
}

/**
 * Like `readCredential`, for a token in a cookie or in another header. In that case, `Authorization` is not read, and
 * a request that has this header is refused, because it is unclear which credential the client means, or why it
 * expects to be accepted. With a subprotocol, `Authorization` is read as well, and a request may have one of the two.
 */
export function readCredentialFrom(
  rule: CredentialRule,
  request: HttpRequest,
  acceptsDpop: boolean,
): Credential | undefined | Refusal {
  const values = valuesIn(rule, request)
  const hasAuthorization = headerValues(request, 'authorization').length > 0
  if (values.length === 0) {
    if (!rule.isOnlySource) return readCredential(request, acceptsDpop)
    return hasAuthorization ? notRead(rule) : undefined
  }
  if (hasAuthorization) {
    const reason = `the request has ${placeOf(rule)} and an Authorization header`
    return refuse('credential_repeated', reason)
  }
  const token = tokenIn(rule, values)
  if (token instanceof Refusal) return token
  return checkOrigin(rule, request) ?? ({ scheme: 'Bearer', token } as Credential)
}

function notRead(rule: CredentialRule): Refusal {
  return refuse(
    'credential_missing',
    `the request has an Authorization header, which is not read: the option 'credential' names ${placeOf(rule)}`,
  )
}

/** Scheme names are case-insensitive (RFC 9110 section 11.1). */
function schemeOf(
  name: string | undefined,
  acceptsDpop: boolean,
): Credential['scheme'] | undefined {
  const lower = name?.toLowerCase()
  if (lower === 'bearer') return 'Bearer'
  return lower === 'dpop' && acceptsDpop ? 'DPoP' : undefined
}

/**
 * The refusal of a request without a credential. The reason says whether code before the guard set the header. Such a
 * header is ignored, because only the one that the client sent counts. It also says whether the token seems to be in
 * the query.
 */
export function missingCredential(request: HttpRequest, rule: CredentialRule | undefined): Refusal {
  const { hostHeaders = {}, url } = request
  const reason = rule ? missingFrom(rule, hostHeaders) : missingHeader(hostHeaders)
  const parameter = queryToken.exec(url)?.[1]
  const inQuery =
    parameter === undefined
      ? ''
      : `. The query has '${parameter}', but tokens in the query are never read, because URLs are logged`
  return refuse('credential_missing', reason + inQuery)
}

/** Names that are common for tokens in a query. */
const queryToken = /[?&](access_token|auth_token|id_token|token|jwt|bearer|authorization)=/

function missingHeader(hostHeaders: NonNullable<HttpRequest['hostHeaders']>): string {
  if (hostHeaders['authorization'] === undefined) return 'the request has no Authorization header'
  return (
    'the client sent no Authorization header. Code that ran before the guard set req.headers.authorization, ' +
    'which is ignored: only the headers that the client sent count. To read tokens from a cookie or another ' +
    "header, set the option 'credential'"
  )
}

function missingFrom(
  rule: CredentialRule,
  hostHeaders: NonNullable<HttpRequest['hostHeaders']>,
): string {
  const place = placeOf(rule)
  if (valuesIn(rule, { headers: Object.entries(hostHeaders) }).length > 0) {
    return `the client did not send ${place}. Code that ran before the guard set it in req.headers, which is ignored: only the headers that the client sent count`
  }
  return rule.isOnlySource
    ? `the request does not have ${place}`
    : `the request has neither an Authorization header nor ${place}`
}

/**
 * Returns a request like the given one, with this token as its only credential. For tokens that a client sends
 * on an open connection. Not accepted with `fromCookie()` and `fromHeader()`.
 */
export function withToken(request: HttpRequest, token: unknown): HttpRequest {
  const { method, url, route } = request
  const value = typeof token === 'string' ? `Bearer ${token}` : token
  const headers = [['authorization', value]] as const
  return { method, url, route, headers, connection: () => request.connection?.() }
}

/** A scheme, and something after it (RFC 9110 section 11.4). */
const schemeOfCredential = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +[^ ]/

/**
 * Whether the request's only credential uses another scheme, such as Basic. A token without a scheme does not count,
 * and neither does a misspelled `Bearer`. `DPoP` is a scheme for access tokens, even if it is not accepted.
 */
export function usesOtherScheme(request: HttpRequest): boolean {
  const [value, ...others] = headerValues(request, 'authorization')
  if (others.length > 0 || typeof value !== 'string' || isJoined(value)) return false
  const scheme = schemeOfCredential.exec(value)?.[1]!.toLowerCase()
  return scheme !== undefined && !/^(?:bearer|dpop)/.test(scheme)
}

/**
 * Whether this is a CORS preflight. Other OPTIONS requests are not. Browsers send preflights without credentials
 * (Fetch standard, "CORS-preflight fetch"), so a request with an `Authorization` header is not one either, and neither
 * is one with a token in the place that `rule` names.
 */
export function isPreflight(request: HttpRequest, rule: CredentialRule | undefined): boolean {
  return (
    hasPreflightHeaders(request) &&
    headerValues(request, 'authorization').length === 0 &&
    (!rule || valuesIn(rule, request).length === 0)
  )
}

function whyNotAccepted(value: string, acceptsDpop: boolean): Refusal {
  if (isJoined(value)) {
    return refuse('credential_repeated', 'the Authorization header has more than one credential')
  }
  const name = value.split(/[ \t]/, 1)[0]!
  const scheme = schemeOf(name, acceptsDpop)
  if (!scheme) return refuse('credential_scheme_unsupported', describeScheme(value, acceptsDpop))
  return refuse(
    'credential_malformed',
    `${scheme} is not followed by one space and one token${describeToken(value.slice(name.length))}`,
    { scheme },
  )
}

/** Schemes that can be named. Another first word may be a token or a password. */
const knownSchemes = ['basic', 'digest', 'dpop', 'negotiate', 'ntlm', 'apikey', 'token', 'jwt']

function describeScheme(value: string, acceptsDpop: boolean): string {
  const accepted = acceptsDpop ? 'the Bearer or DPoP' : 'the Bearer'
  const reason = `the Authorization header does not use ${accepted} scheme`
  const scheme = value.toLowerCase().split(/[ \t:]/, 1)[0]!
  if (scheme === 'bearer') return `${reason}: 'Bearer' is not followed by a space`
  if (scheme === 'dpop') {
    return `${reason}: it uses DPoP. DPoP requires the option 'publicUrl', and 'dpop' must not be 'off'`
  }
  if (knownSchemes.includes(scheme)) {
    return `${reason}: it uses '${scheme}'. Have the client send 'Authorization: Bearer <token>'`
  }
  const isAlone = !/[ \t]/.test(value.trim())
  return isAlone
    ? `${reason}: it is a single word. If this is the token, have the client send 'Authorization: Bearer <token>'`
    : reason
}

/** What follows the scheme instead of a token, without quoting it: it may be a secret. */
function describeToken(value: string): string {
  const rest = value.trim()
  if (rest === '') return ': nothing follows. Check whether the client sets its token variable'
  if (/^bearer\b/i.test(rest)) return ": the word 'Bearer' occurs twice"
  if (/^["'`]|["'`]$/.test(rest)) return ': the token is in quotes'
  if (rest.startsWith('[object '))
    return ': an object follows. Have the client send the token inside it'
  if (/\s/.test(rest)) return ': the token contains white space'
  if (/^[ \t]{2}/.test(value) || value.startsWith('\t')) return ': there is extra white space'
  return ': the token contains characters that a token cannot contain'
}
