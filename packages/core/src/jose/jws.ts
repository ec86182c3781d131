import { base64url } from 'jose'
import { JsonError, type JsonObject, own, parseJsonObject } from '../lib/json.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { decodeBase64url } from '#platform'

declare const minted: unique symbol

/** A parsed compact JWS. Nothing in it is believed yet. Minted here only. */
export interface Unverified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** The third segment, decoded. */
  readonly signature: Uint8Array
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
  const end = token.indexOf('.')
  const payloadEnd = token.indexOf('.', end + 1)
  if (payloadEnd === -1 || token.includes('.', payloadEnd + 1)) return notThreeSegments(token)
  const headerSegment = token.slice(0, end)
  // A header that was read before is known to be canonical.
  const known = knownHeaders.get(headerSegment)
  const headerBytes = known ?? decodeBase64url(headerSegment)
  const payload = decodeBase64url(token.slice(end + 1, payloadEnd))
  const signature = decodeBase64url(token.slice(payloadEnd + 1))
  if (!headerBytes || !payload || !signature) return notThreeSegments(token)

  const header = known ?? readHeader(headerBytes as Uint8Array)
  if (header instanceof Refusal) return header
  const claims = parseSegment(payload, 'payload_malformed')
  if (claims instanceof Refusal) return claims
  return { raw: token, header, claims, signature } as Unverified
}

function notThreeSegments(token: string): Refusal {
  // A limit, so that ten thousand dots do not make ten thousand strings.
  return token.split('.', 6).length === 5
    ? refuse('token_encrypted', 'the token is encrypted (five segments)')
    : refuse('token_malformed', 'the token is not three canonical base64url segments')
}

/**
 * Headers that were read and found well-formed, by their segment: an issuer's tokens share theirs. What a
 * header says is believed no more for standing here. Bounded, for anybody can send headers.
 */
const knownHeaders = new Map<string, JoseHeader>()
const maxKnown = { headers: 256, characters: 512 }

function readHeader(bytes: Uint8Array): JoseHeader | Refusal {
  const header = parseHeader(bytes)
  if (header instanceof Refusal) return header
  // Encoded anew: a slice of the token would keep the whole token in memory.
  const segment = base64url.encode(bytes)
  if (segment.length > maxKnown.characters) return header
  if (knownHeaders.size >= maxKnown.headers) knownHeaders.clear()
  knownHeaders.set(segment, header)
  return header
}

function parseSegment(
  bytes: Uint8Array,
  code: 'header_malformed' | 'payload_malformed',
): JsonObject | Refusal {
  try {
    return parseJsonObject(bytes)
  } catch (error) {
    const what = error instanceof JsonError ? error.message : 'not decodable'
    return refuse(
      code,
      `the ${code === 'header_malformed' ? 'header' : 'payload'} is unusable: ${what}`,
    )
  }
}

function parseHeader(bytes: Uint8Array): JoseHeader | Refusal {
  const header = parseSegment(bytes, 'header_malformed')
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
  return Object.freeze({ alg, kid, typ })
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
