import * as base64url from 'jose/base64url'
import { JsonError, type JsonObject, own, parseJsonObject } from '../lib/json.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { decodeBase64url } from '#platform'

declare const brand: unique symbol

/**
 * A parsed compact JWS. Its signature is not verified, so nothing in it can be trusted. Only this file
 * creates values of this type.
 */
export interface Unverified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** The third segment, decoded. */
  readonly signature: Uint8Array
  readonly [brand]: 'Unverified'
}

/** The header parameters in use. `jku`, `jwk`, `x5u`, and `x5c` are ignored. */
export interface JoseHeader {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

/**
 * Header parameters that change how a token is read: extensions (RFC 7515 section 4.1.11, RFC 7797),
 * encryption and compression (RFC 7516, RFC 7518 section 4).
 */
const unsupportedParameters = [
  'crit',
  'b64',
  'zip',
  'enc',
  'epk',
  'apu',
  'apv',
  'p2s',
  'p2c',
  'iv',
  'tag',
]

/**
 * Parses a JWS in compact serialization (RFC 7515 section 5.2, steps 1 to 5). Stricter than jose: only
 * canonical base64url, no duplicate JSON members, no extensions. Checks the size, the segments and the
 * alphabet before it parses any JSON.
 *
 * @param maxBytes the maximum length of the token
 */
export function parseJws(token: unknown, maxBytes: number): Unverified | Refusal {
  if (typeof token !== 'string') return refuse('token_malformed', 'the token is not a string')
  if (token.length > maxBytes) {
    return refuse(
      'token_too_large',
      `the token has ${token.length} characters, the maximum is ${maxBytes}`,
    )
  }
  const end = token.indexOf('.')
  const payloadEnd = token.indexOf('.', end + 1)
  if (payloadEnd === -1 || token.includes('.', payloadEnd + 1)) return refuseSegments(token)
  const headerSegment = token.slice(0, end)
  // A cached header is already known to be canonical.
  const cached = headerCache.get(headerSegment)
  const headerBytes = cached ?? decodeBase64url(headerSegment)
  const payload = decodeBase64url(token.slice(end + 1, payloadEnd))
  const signature = decodeBase64url(token.slice(payloadEnd + 1))
  if (!headerBytes || !payload || !signature) return refuseSegments(token)

  const header = cached ?? readHeader(headerBytes as Uint8Array)
  if (header instanceof Refusal) return header
  const claims = parseSegment(payload, 'payload_malformed')
  if (claims instanceof Refusal) return claims
  return { raw: token, header, claims, signature } as Unverified
}

function refuseSegments(token: string): Refusal {
  // The limit prevents a token with thousands of dots from creating thousands of strings.
  return token.split('.', 6).length === 5
    ? refuse('token_encrypted', 'the token is encrypted (a JWE has five segments)')
    : refuse('token_malformed', 'the token does not have three canonical base64url segments')
}

/**
 * Well-formed headers by their encoded segment, because most tokens of an issuer have the same header.
 * A cached header is not more trusted than any other. Bounded, because any caller can send headers.
 */
const headerCache = new Map<string, JoseHeader>()
const cacheLimits = { headers: 256, characters: 512 }

function readHeader(bytes: Uint8Array): JoseHeader | Refusal {
  const header = parseHeader(bytes)
  if (header instanceof Refusal) return header
  // Encode again: a slice of the token would keep the whole token in memory.
  const segment = base64url.encode(bytes)
  if (segment.length > cacheLimits.characters) return header
  if (headerCache.size >= cacheLimits.headers) headerCache.clear()
  headerCache.set(segment, header)
  return header
}

function parseSegment(
  bytes: Uint8Array,
  code: 'header_malformed' | 'payload_malformed',
): JsonObject | Refusal {
  try {
    return parseJsonObject(bytes)
  } catch (error) {
    const problem = error instanceof JsonError ? error.message : 'cannot be decoded'
    return refuse(
      code,
      `the ${code === 'header_malformed' ? 'header' : 'payload'} cannot be parsed: ${problem}`,
    )
  }
}

function parseHeader(bytes: Uint8Array): JoseHeader | Refusal {
  const header = parseSegment(bytes, 'header_malformed')
  if (header instanceof Refusal) return header
  const unsupported = unsupportedParameters.find((name) => Object.hasOwn(header, name))
  if (unsupported) {
    return refuse('header_unsupported', `the header has the unsupported parameter '${unsupported}'`)
  }
  const alg = own(header, 'alg')
  const kid = own(header, 'kid')
  const typ = own(header, 'typ')
  const cty = own(header, 'cty')
  if (typeof alg !== 'string') {
    return refuse('header_malformed', 'alg in the header is missing or not a string')
  }
  if (!isOptionalString(kid) || !isOptionalString(typ) || !isOptionalString(cty)) {
    return refuse('header_malformed', 'kid, typ or cty in the header is not a string')
  }
  if (cty && /^(application\/)?jwt$/i.test(cty)) {
    return refuse('header_unsupported', 'the payload is a nested JWT (cty)')
  }
  return Object.freeze({ alg, kid, typ })
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
