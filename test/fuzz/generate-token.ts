import { createHmac } from 'node:crypto'
import { type Json, type Key, keyOf, keys, signWith } from '../security/fixtures/keys.ts'
import { mutateJson } from './json-mutators.ts'
import type { Random } from './random.ts'
import { mutateText } from './text-mutators.ts'
import { algs, claimNames, headerNames } from './values.ts'

export const issuer = 'https://as.example'
export const audience = 'order-service'
/** Seconds. The clock of a run stands still. */
export const now = 1_790_000_000

/** What the issuer publishes. Elliptic keys, for a million signatures. */
export const published: readonly Key[] = [keys.es256(), keys.eddsa()]

/** Whoever is not the issuer, under the issuer's names. */
const strangers: readonly Key[] = [
  keys.attacker(),
  { ...keyOf('EdDSA', 'Ed25519', 'stranger'), kid: 'EdDSA-key' },
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

export interface Minted {
  readonly token: string
  /** Whether the issuer's own key signed exactly this text. */
  readonly signed: boolean
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

const claimsOf = (random: Random): Json => ({
  ...{ iss: issuer, sub: `user-${random.below(1000)}`, aud: audience, iat: now, exp: now + 300 },
  ...(random.chance(0.7) && { scope: 'read write', client_id: 'client-1', jti: 'x' }),
  ...(random.chance(0.3) && { act: { sub: 'service', act: { sub: 'other' } } }),
})

const headerOf = ({ alg, kid }: Key): Json => ({ typ: 'at+jwt', alg, kid })

function sign(header: string, payload: string, key: Key): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signWith(key.alg, input, key.privateKey).toString('base64url')}`
}

/** A plain good token. */
export function mintGood(random: Random): string {
  const key = random.pick(published)
  return sign(JSON.stringify(headerOf(key)), JSON.stringify(claimsOf(random)), key)
}

const macKeys = published.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }))

/** A mutant of one of these kinds; `pool` are good tokens to take apart. */
const kinds: readonly ((random: Random, pool: readonly string[]) => Minted)[] = [
  // The text of a good token, three times as often as the others.
  ...Array.from({ length: 3 }, () => (random: Random, pool: readonly string[]): Minted => {
    const token = mutateText(random.pick(pool), random, random.pick(pool))
    return { token, signed: pool.includes(token) }
  }),
  // Other claims or another header under a signature that was made for something else.
  (random, pool) => {
    const [header, payload, signature] = random.pick(pool).split('.') as [string, string, string]
    const forged = random.chance(0.5)
      ? [
          encode(mutateJson(headerOf(random.pick(published)), random, headerNames, fittingHeaders)),
          payload,
        ]
      : [header, encode(mutateJson(claimsOf(random), random, claimNames, fittingClaims))]
    const token = [...forged, signature].join('.')
    return { token, signed: pool.includes(token) }
  },
  // Signed by the issuer, whatever it says.
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
  // Signed by somebody else.
  (random) => {
    const key = random.pick(strangers)
    const header = { ...headerOf(key), ...(random.chance(0.3) && { jwk: key.jwk }) }
    return {
      token: sign(JSON.stringify(header), JSON.stringify(claimsOf(random)), key),
      signed: false,
    }
  },
  // A MAC under what everybody knows.
  (random) => {
    const alg = random.pick(['HS256', 'HS384', 'HS512'])
    const header = JSON.stringify({ ...headerOf(random.pick(published)), alg })
    const input = `${encode(header)}.${encode(JSON.stringify(claimsOf(random)))}`
    const mac = createHmac(alg.replace('HS', 'sha'), random.pick(macKeys)).update(input)
    return { token: `${input}.${mac.digest('base64url')}`, signed: false }
  },
]

export function mint(random: Random, pool: readonly string[]): Minted {
  return random.pick(kinds)(random, pool)
}
