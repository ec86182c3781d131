import { type Refusal, refuse } from '../errors/refusal.ts'
import { type HttpRequest, headerValues } from './request.ts'

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
 * with more than one credential is refused. Tokens in the query, the body or a cookie are never read: only
 * RFC 6750 section 2.1 is supported. No other module reads this header.
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
  const [, name, token] = credential.exec(value) ?? []
  const scheme = schemeOf(name, acceptsDpop)
  return scheme ? ({ scheme, token } as Credential) : whyNotAccepted(value, acceptsDpop)
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

function whyNotAccepted(value: string, acceptsDpop: boolean): Refusal {
  if (isJoined(value)) {
    return refuse('credential_repeated', 'the Authorization header has more than one credential')
  }
  const [name = ''] = value.trim().split(/[ \t]/, 1)
  const scheme = schemeOf(name, acceptsDpop)
  if (scheme) {
    const reason = `${scheme} is not followed by one space and one token`
    return refuse('credential_malformed', reason, { scheme })
  }
  const isDpop = name.toLowerCase() === 'dpop'
  return refuse(
    'credential_scheme_unsupported',
    isDpop
      ? "the Authorization header uses the DPoP scheme, which requires 'publicUrl' and is off"
      : `the Authorization header does not use the Bearer${acceptsDpop ? ' or DPoP' : ''} scheme`,
  )
}
