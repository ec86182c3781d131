import { type JsonObject, own, readJsonObject } from '../lib/json.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { decodeBase64url, encodeBase64url } from '#platform'

declare const brand: unique symbol

/** The parts of a compact JWS. */
export interface Jws {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  /** The third segment, decoded. */
  readonly signature: Uint8Array
}

/**
 * A parsed token. Its signature is not verified, so nothing in it can be trusted. Only this file creates
 * values of this type.
 */
export interface Unverified extends Jws {
  readonly [brand]: 'Unverified'
}

/**
 * A parsed DPoP proof, whose signature is not verified. It cannot be used as a token. Only this file
 * creates values of this type.
 */
export interface UnverifiedProof extends Jws, ProofHeader {
  readonly header: JoseHeader
  readonly [brand]: 'UnverifiedProof'
}

/** The parsed header of a proof. */
export interface ProofHeader {
  readonly header: JoseHeader
  /** All header parameters. A proof contains its own key. */
  readonly parameters: JsonObject
}

/** The header parameters of a token that are in use. `jku`, `jwk`, `x5u`, and `x5c` are ignored. */
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
  const segments = decodeSegments(token, maxBytes, headerCache)
  if (segments instanceof Refusal) return segments
  const header =
    segments.header instanceof Uint8Array ? parseHeader(segments.header) : segments.header
  if (header instanceof Refusal) return header
  const claims = parseSegment(segments.payload, 'payload_malformed')
  if (claims instanceof Refusal) return claims
  const { raw, signature } = segments
  return { raw, header, claims, signature } as Unverified
}

/**
 * The claims of a JWT for another audience, such as a token that was obtained for the next service. Its signature
 * is not verified, so use them in records only. `undefined` if it is not a JWT by the rules of `parseJws`.
 */
export function readUnverifiedClaims(token: unknown, maxBytes: number): JsonObject | undefined {
  const parsed = parseJws(token, maxBytes)
  return parsed instanceof Refusal ? undefined : parsed.claims
}

/**
 * Parses a DPoP proof by the same rules, and keeps all parameters of its header.
 *
 * @param known headers by their encoded segment, which are not parsed again
 */
export function parseProof(
  proof: unknown,
  maxBytes: number,
  known: HeaderCache<ProofHeader>,
): UnverifiedProof | Refusal {
  const segments = decodeSegments(proof, maxBytes, known)
  if (segments instanceof Refusal) return segments
  const start =
    segments.header instanceof Uint8Array ? parseProofHeader(segments.header) : segments.header
  if (start instanceof Refusal) return start
  const claims = parseSegment(segments.payload, 'payload_malformed')
  if (claims instanceof Refusal) return claims
  const { raw, signature } = segments
  const { header, parameters } = start
  return { raw, header, parameters, claims, signature } as UnverifiedProof
}

function parseProofHeader(bytes: Uint8Array): ProofHeader | Refusal {
  const parameters = parseSegment(bytes, 'header_malformed')
  if (parameters instanceof Refusal) return parameters
  const header = checkParameters(parameters)
  return header instanceof Refusal ? header : { header, parameters }
}

interface HeaderCache<Header> {
  get(segment: string): Header | undefined
}

interface Segments<Header> {
  readonly raw: string
  /** Decoded, or the header itself if it is cached. */
  readonly header: Uint8Array | Header
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

function decodeSegments<Header>(
  token: unknown,
  maxBytes: number,
  headers: HeaderCache<Header>,
): Segments<Header> | Refusal {
  if (typeof token !== 'string') return refuse('token_malformed', 'the token is not a string')
  if (token.length > maxBytes) {
    return refuse(
      'token_too_large',
      `the token has ${token.length} characters; maxTokenBytes is ${maxBytes}. Have the issuer write fewer ` +
        'claims, such as roles, or raise maxTokenBytes',
    )
  }
  const end = token.indexOf('.')
  const payloadEnd = token.indexOf('.', end + 1)
  if (payloadEnd === -1 || token.includes('.', payloadEnd + 1)) return refuseSegments(token)
  const headerSegment = token.slice(0, end)
  // A cached header is already known to be canonical.
  const header = headers.get(headerSegment) ?? decodeBase64url(headerSegment)
  const payload = decodeBase64url(token.slice(end + 1, payloadEnd))
  const signature = decodeBase64url(token.slice(payloadEnd + 1))
  if (!header || !payload || !signature) return refuseSegments(token)
  return { raw: token, header, payload, signature }
}

function refuseSegments(token: string): Refusal {
  return isEncrypted(token)
    ? refuse(
        'token_encrypted',
        'the token is encrypted (a JWE has five segments). Have the issuer sign tokens without encrypting them',
      )
    : refuse('token_malformed', describeText(token))
}

function isEncrypted(token: string): boolean {
  // The limit prevents a token with thousands of dots from creating thousands of strings.
  return token.split('.', 6).length === 5
}

/**
 * Whether a text that is not a JWT looks like an opaque or an encrypted token, and not like a JWT with a
 * mistake.
 */
export function isOpaque(token: unknown): boolean {
  if (typeof token !== 'string') return false
  return isEncrypted(token) || (mistakeIn(token) === undefined && !startsLikeJwt(token))
}

/**
 * Whether a text can be an opaque token. Its first letters alone are not enough to tell: one in two thousand random
 * texts begins like a JWT.
 */
export function mayBeOpaque(token: string): boolean {
  return mistakeIn(token) === undefined && !/^e[wy][^.]*\.[^.]*\.[^.]*$/.test(token)
}

/** The Base64url form of an opening brace and a quote or white space. */
function startsLikeJwt(token: string): boolean {
  return /^e[wy]/.test(token)
}

/** What a text that is not three segments is instead. The text may be a secret, so it is not quoted. */
function describeText(token: string): string {
  const mistake = mistakeIn(token)
  if (mistake !== undefined) return mistake
  if (!startsLikeJwt(token)) {
    return (
      `the token is not a JWT: it is probably an opaque token (${token.length} characters). Have the client ` +
      'request a token for this service, and have the issuer issue JWT access tokens'
    )
  }
  const segments = token.split('.', 7)
  if (segments.length !== 3) {
    const count = segments.length === 7 ? 'more than six' : segments.length
    return `the token must have three segments, but has ${count}. Was it cut off or joined with other text?`
  }
  if (segments[2] === '') return 'the token is not signed: its signature is empty'
  const names = ['header', 'payload', 'signature']
  const wrong = names.filter((_name, at) => !decodeBase64url(segments[at]!))
  return `the token does not have three canonical base64url segments: its ${wrong.join(' and ')} cannot be decoded`
}

/** Common mistakes of clients, before anything is decoded. */
function mistakeIn(token: string): string | undefined {
  if (token === '')
    return 'the token is an empty string. Check whether the client sets its token variable'
  if (/^(?:undefined|null|NaN|true|false|\[object \w+\])$/.test(token)) {
    return `the token is the text '${token}'. Check whether the client sets its token variable`
  }
  if (/^bearer(?:[\s:]|$)/i.test(token)) {
    return "the token begins with the word 'Bearer'. Pass only the token"
  }
  if (/^["'`]|["'`]$|^%22/.test(token)) {
    return 'the token is in quotes. Send it without them'
  }
  return /\s/.test(token) ? 'the token contains white space. Was it cut off or wrapped?' : undefined
}

/**
 * Headers of tokens with a valid signature, by their encoded segment, because most tokens of an issuer have the same
 * header. A cached header is not more trusted than any other. Bounded, because an issuer can sign any header.
 */
const headerCache = new Map<string, JoseHeader>()
const cacheLimits = { headers: 256, characters: 512 }
/** Spares most tokens the lookup. */
let lastRemembered: JoseHeader | undefined

/**
 * Keeps the header, so that it is not parsed again. For tokens with a valid signature only: otherwise, a flood of
 * forged tokens would replace the headers of the others.
 */
export function rememberHeader({ raw, header }: Unverified): void {
  if (header === lastRemembered) return
  lastRemembered = header
  const segment = raw.slice(0, raw.indexOf('.'))
  if (segment.length > cacheLimits.characters || headerCache.has(segment)) return
  if (headerCache.size >= cacheLimits.headers) headerCache.clear()
  // Encode again: a slice of the token would keep the whole token in memory.
  headerCache.set(encodeBase64url(decodeBase64url(segment)!), header)
}

/**
 * The header of a token that was parsed before.
 *
 * @throws TypeError for any other text
 */
export function headerOf(raw: string): JoseHeader {
  const segment = raw.slice(0, raw.indexOf('.'))
  const bytes = decodeBase64url(segment)
  const header = headerCache.get(segment) ?? (bytes && parseHeader(bytes))
  if (header === undefined || header instanceof Refusal) {
    throw new TypeError('expected a token that was parsed before')
  }
  return header
}

function parseSegment(
  bytes: Uint8Array,
  code: 'header_malformed' | 'payload_malformed',
): JsonObject | Refusal {
  const result = readJsonObject(bytes)
  if (typeof result !== 'string') return result
  const part = code === 'header_malformed' ? 'header' : 'payload'
  return refuse(code, `the ${part} cannot be parsed: ${result}`)
}

function parseHeader(bytes: Uint8Array): JoseHeader | Refusal {
  const header = parseSegment(bytes, 'header_malformed')
  return header instanceof Refusal ? header : checkParameters(header)
}

function checkParameters(header: JsonObject): JoseHeader | Refusal {
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
