import { codes, createVerifier, type Verifier } from '@resource-server/core'
import { createLocalJWKSet, jwtVerify } from 'jose'
import {
  audience,
  generateToken,
  generateValidToken,
  issuer,
  now,
  published,
} from './generate-token.ts'
import { createRandom } from './random.ts'

export interface Findings {
  readonly seed: number
  tokens: number
  /** Tokens with a valid signature. */
  signed: number
  granted: number
  /** The number of tokens that jose accepts and core refuses, by code. */
  readonly stricter: Record<string, number>
  /** The number of wrong results. */
  errors: number
  /** The first ten wrong results, each with its token. */
  readonly examples: string[]
}

const jwks = { keys: published.map(({ jwk }) => ({ ...jwk })) }
/**
 * Without `alg`: core treats Ed25519 (RFC 9864) and EdDSA as the same algorithm, and jose accepts a key only
 * for the one that it names.
 */
const keySet = createLocalJWKSet({
  keys: published.map(({ jwk: { alg: _, ...rest } }) => ({ ...rest })),
})

/** Codes for an internal error or unavailable keys. With fixed keys, neither may occur. */
const unexpectedCodes: readonly string[] = [
  'verification_failed',
  'keys_unavailable',
  'metadata_rejected',
]

const createCoreVerifier = (): Verifier =>
  createVerifier({
    issuer,
    audience,
    jwks,
    clock: { now: () => now * 1000, monotonic: () => 0 },
  })

/** Verifies with jose, with the same issuer, audience, algorithms and clock tolerance. */
async function joseAccepts(token: string): Promise<boolean> {
  const options = { issuer, audience, algorithms: ['ES256', 'EdDSA', 'Ed25519'], clockTolerance: 5 }
  try {
    await jwtVerify(token, keySet, { ...options, currentDate: new Date(now * 1000) })
    return true
  } catch {
    return false
  }
}

const batch = 250

/** Generates tokens until `enough` returns true, and verifies each with core and with jose. */
export async function runCampaign(
  seed: number,
  enough: (tokens: number) => boolean,
): Promise<Findings> {
  const random = createRandom(seed)
  const verifier = createCoreVerifier()
  const validTokens = Array.from({ length: 64 }, () => generateValidToken(random))
  const findings: Findings = {
    seed,
    tokens: 0,
    signed: 0,
    granted: 0,
    errors: 0,
    stricter: {},
    examples: [],
  }
  while (!enough(findings.tokens)) {
    const generated = Array.from({ length: batch }, () => generateToken(random, validTokens))
    await Promise.all(generated.map((one) => verifyBoth(one.token, one.signed, verifier, findings)))
  }
  return findings
}

async function verifyBoth(
  token: string,
  signed: boolean,
  verifier: Verifier,
  findings: Findings,
): Promise<void> {
  const report = (what: string): void => {
    findings.errors += 1
    if (findings.examples.length < 10) findings.examples.push(`${what}: ${JSON.stringify(token)}`)
  }
  const [result, acceptedByJose] = await Promise.all([
    verifier.check(token).catch((error: unknown) => `core threw ${String(error)}`),
    joseAccepts(token),
  ])
  findings.tokens += 1
  if (signed) findings.signed += 1
  if (typeof result === 'string') return report(result)
  if (result.ok) {
    findings.granted += 1
    if (!signed) report('core grants a token that the issuer did not sign')
    if (!acceptedByJose) report('core grants a token that jose refuses')
  } else {
    if (!(result.code in codes)) report(`unknown code ${result.code}`)
    if (unexpectedCodes.includes(result.code)) report(`${result.code}: ${result.reason}`)
    if (acceptedByJose) findings.stricter[result.code] = (findings.stricter[result.code] ?? 0) + 1
  }
}
