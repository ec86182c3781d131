import { base64url } from 'jose'
import { JsonError, type JsonObject, own, parseJsonObject } from './json.ts'
import { Refusal, refuse } from './refusal.ts'

declare const minted: unique symbol

/** A parsed compact JWS. Nothing in it is believed yet. Minted here only. */
export interface Unverified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  readonly [minted]: 'Unverified'
}

/** The header's members that are used. `jku`, `jwk`, `x5u` and `x5c` are never looked at. */
export interface JoseHeader {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

/** Members that change how a token would have to be read. RFC 7515 section 4, RFC 7516, RFC 7797. */
const unsupportedMembers = [
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

const base64urlSegment = /^[A-Za-z0-9_-]+$/
/** Last characters whose unused bits are zero, by the length of the segment modulo 4. */
const canonicalEnd: readonly (RegExp | undefined)[] = [
  /./,
  undefined,
  /[AQgw]$/,
  /[AEIMQUYcgkosw048]$/,
]

/**
 * RFC 7515 section 5.2, steps 1 to 5, for the compact serialization and stricter than jose: one
 * spelling for one token, no duplicate members, no extensions. No JSON is read before size, segments
 * and alphabet hold.
 */
export function parseJws(token: unknown, maxBytes: number): Unverified | Refusal {
  if (typeof token !== 'string') return refuse('token_malformed', 'the token is not a string')
  if (token.length > maxBytes) {
    return refuse(
      'token_too_large',
      `the token has ${token.length} characters, more than ${maxBytes}`,
    )
  }
  const segments = split(token)
  if (segments instanceof Refusal) return segments
  const header = parseHeader(segments[0])
  if (header instanceof Refusal) return header
  const claims = parseSegment(segments[1], 'payload_malformed')
  if (claims instanceof Refusal) return claims
  return { raw: token, header, claims } as Unverified
}

function split(token: string): readonly [string, string, string] | Refusal {
  // A limit, so that ten thousand dots do not make ten thousand strings.
  const segments = token.split('.', 6)
  if (segments.length === 5)
    return refuse('token_encrypted', 'the token is encrypted (five segments)')
  const [header, payload, signature] = segments
  if (
    segments.length !== 3 ||
    !isCanonical(header) ||
    !isCanonical(payload) ||
    !isCanonical(signature)
  ) {
    return refuse('token_malformed', 'the token is not three canonical base64url segments')
  }
  return [header, payload, signature]
}

function isCanonical(segment: string | undefined): segment is string {
  if (!segment || !base64urlSegment.test(segment)) return false
  return canonicalEnd[segment.length % 4]?.test(segment.slice(-1)) ?? false
}

function parseSegment(
  segment: string,
  code: 'header_malformed' | 'payload_malformed',
): JsonObject | Refusal {
  try {
    return parseJsonObject(base64url.decode(segment))
  } catch (error) {
    const what = error instanceof JsonError ? error.message : 'not decodable'
    return refuse(
      code,
      `the ${code === 'header_malformed' ? 'header' : 'payload'} is unusable: ${what}`,
    )
  }
}

function parseHeader(segment: string): JoseHeader | Refusal {
  const header = parseSegment(segment, 'header_malformed')
  if (header instanceof Refusal) return header
  const unsupported = unsupportedMembers.find((name) => Object.hasOwn(header, name))
  if (unsupported) return refuse('header_unsupported', `the header has the member '${unsupported}'`)
  const [alg, kid, typ, cty] = ['alg', 'kid', 'typ', 'cty'].map((name) => own(header, name))
  if (typeof alg !== 'string')
    return refuse('header_malformed', 'the header has no alg that is a string')
  if (!isOptionalString(kid) || !isOptionalString(typ) || !isOptionalString(cty)) {
    return refuse('header_malformed', 'kid, typ or cty in the header is not a string')
  }
  if (cty && /^(application\/)?jwt$/i.test(cty)) {
    return refuse('header_unsupported', 'the header says that the payload is another JWT')
  }
  return { alg, kid, typ }
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
