import { createHmac } from 'node:crypto'
import { type Json, type Key, keyOf, keys, signWith } from '../security/fixtures/keys.ts'
import { mutateJson } from './json-mutators.ts'
import type { Random } from './random.ts'
import { mutateText } from './text-mutators.ts'
import { algs, claimNames, headerNames } from './values.ts'

export const issuer = 'https://as.example'
export const audience = 'order-service'
/** The time of the run, in seconds. It does not change. */
export const now = 1_790_000_000

/** The issuer's keys. Without RSA, because a run may create a million signatures. */
export const published: readonly Key[] = [keys.es256(), keys.eddsa()]

/** Keys that the issuer does not publish, with the kids of its keys. */
const unknownKeys: readonly Key[] = [
  keys.attacker(),
  { ...keyOf('EdDSA', 'Ed25519', 'unknown'), kid: 'EdDSA-key' },
]

const fittingClaims = [
  issuer,
  audience,
  [audience, 'other'],
  { sub: 'service' },
  'read write',
  now,
].map((value) => JSON.stringify(value))
const fittingHeaders = [...algs, 'at+jwt', 'JWT', 'ES256-key', 'EdDSA-key'].map((value) =>
  JSON.stringify(value),
)

export interface GeneratedToken {
  readonly token: string
  /** Whether the issuer's key signed exactly this token. */
  readonly signed: boolean
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

const claimsOf = (random: Random): Json => ({
  iss: issuer,
  sub: `user-${random.below(1000)}`,
  aud: audience,
  iat: now,
  exp: now + 300,
  ...(random.chance(0.7) && { scope: 'read write', client_id: 'client-1', jti: 'x' }),
  ...(random.chance(0.3) && { act: { sub: 'service', act: { sub: 'other' } } }),
})

const headerOf = ({ alg, kid }: Key): Json => ({ typ: 'at+jwt', alg, kid })

function sign(header: string, payload: string, key: Key): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signWith(key.alg, input, key.privateKey).toString('base64url')}`
}

/** Generates a valid token. */
export function generateValidToken(random: Random): string {
  const key = random.pick(published)
  return sign(JSON.stringify(headerOf(key)), JSON.stringify(claimsOf(random)), key)
}

const hmacSecrets = published.map(({ publicKey }) =>
  publicKey.export({ type: 'spki', format: 'pem' }),
)

/** The kinds of generated tokens. `validTokens` are tokens to mutate. */
const kinds: readonly ((random: Random, validTokens: readonly string[]) => GeneratedToken)[] = [
  // A valid token with changed text. Three times as often as the other kinds.
  ...Array.from(
    { length: 3 },
    () =>
      (random: Random, validTokens: readonly string[]): GeneratedToken => {
        const token = mutateText(random.pick(validTokens), random, random.pick(validTokens))
        return { token, signed: validTokens.includes(token) }
      },
  ),
  // Other claims or another header with the signature of a valid token.
  (random, validTokens) => {
    const [header, payload, signature] = random.pick(validTokens).split('.') as [
      string,
      string,
      string,
    ]
    const changed = random.chance(0.5)
      ? [
          encode(mutateJson(headerOf(random.pick(published)), random, headerNames, fittingHeaders)),
          payload,
        ]
      : [header, encode(mutateJson(claimsOf(random), random, claimNames, fittingClaims))]
    const token = [...changed, signature].join('.')
    return { token, signed: validTokens.includes(token) }
  },
  // Mutated claims or a mutated header, signed by the issuer.
  (random) => {
    const key = random.pick(published)
    const claims = mutateJson(claimsOf(random), random, claimNames, fittingClaims)
    return { token: sign(JSON.stringify(headerOf(key)), claims, key), signed: true }
  },
  (random) => {
    const key = random.pick(published)
    const header = mutateJson(headerOf(key), random, headerNames, fittingHeaders)
    return { token: sign(header, JSON.stringify(claimsOf(random)), key), signed: true }
  },
  // Valid claims, signed with an unknown key.
  (random) => {
    const key = random.pick(unknownKeys)
    const header = { ...headerOf(key), ...(random.chance(0.3) && { jwk: key.jwk }) }
    return {
      token: sign(JSON.stringify(header), JSON.stringify(claimsOf(random)), key),
      signed: false,
    }
  },
  // An HMAC whose secret is the issuer's public key.
  (random) => {
    const alg = random.pick(['HS256', 'HS384', 'HS512'])
    const header = JSON.stringify({ ...headerOf(random.pick(published)), alg })
    const input = `${encode(header)}.${encode(JSON.stringify(claimsOf(random)))}`
    const hmac = createHmac(alg.replace('HS', 'sha'), random.pick(hmacSecrets)).update(input)
    return { token: `${input}.${hmac.digest('base64url')}`, signed: false }
  },
]

/** Generates a token, which is rarely valid. */
export function generateToken(random: Random, validTokens: readonly string[]): GeneratedToken {
  return random.pick(kinds)(random, validTokens)
}
