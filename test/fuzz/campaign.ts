import { codes, createVerifier, type Verifier } from '@resource-server/core'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { audience, issuer, mint, mintGood, now, published } from './generate-token.ts'
import { createRandom } from './random.ts'

export interface Findings {
  readonly seed: number
  tokens: number
  /** By the issuer itself, so that the signature holds. */
  signed: number
  granted: number
  /** jose accepts these and we do not, by our code. */
  readonly stricter: Record<string, number>
  /** What must not be: how often. */
  faults: number
  /** A token, and what is wrong with the verdict. At most ten. */
  readonly wrong: string[]
}

const jwks = { keys: published.map(({ jwk }) => ({ ...jwk })) }
/** Ed25519 (RFC 9864) is another name of EdDSA to us; to jose a key that says the one is not for the other. */
const keySet = createLocalJWKSet({
  keys: published.map(({ jwk: { alg: _, ...rest } }) => ({ ...rest })),
})

/** Codes that say that something below broke, or could not be had: nothing of that is outside here. */
const accidents: readonly string[] = [
  'verification_failed',
  'keys_unavailable',
  'metadata_rejected',
]

const ours = (): Verifier =>
  createVerifier({
    ...{ issuer, audience, jwks },
    clock: { now: () => now * 1000, monotonic: () => 0 },
  })

/** jose as its documentation has it, with the same issuer, audience, algorithms and tolerance. */
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

/** Mints tokens until `enough` says so, and judges each by core and by jose. */
export async function campaign(
  seed: number,
  enough: (tokens: number) => boolean,
): Promise<Findings> {
  const random = createRandom(seed)
  const verifier = ours()
  const pool = Array.from({ length: 64 }, () => mintGood(random))
  const findings: Findings = {
    seed,
    tokens: 0,
    signed: 0,
    granted: 0,
    faults: 0,
    stricter: {},
    wrong: [],
  }
  while (!enough(findings.tokens)) {
    const minted = Array.from({ length: batch }, () => mint(random, pool))
    await Promise.all(minted.map((one) => judge(one.token, one.signed, verifier, findings)))
  }
  return findings
}

async function judge(
  token: string,
  signed: boolean,
  verifier: Verifier,
  findings: Findings,
): Promise<void> {
  const wrong = (what: string): void => {
    findings.faults += 1
    if (findings.wrong.length < 10) findings.wrong.push(`${what}: ${JSON.stringify(token)}`)
  }
  const [verdict, accepted] = await Promise.all([
    verifier.check(token).catch((error: unknown) => `it threw ${String(error)}`),
    joseAccepts(token),
  ])
  findings.tokens += 1
  if (signed) findings.signed += 1
  if (typeof verdict === 'string') return wrong(verdict)
  if (verdict.ok) {
    findings.granted += 1
    if (!signed) wrong('granted, though the issuer did not sign it')
    if (!accepted) wrong('granted, though jose refuses it')
  } else {
    if (!(verdict.code in codes)) wrong(`there is no code ${verdict.code}`)
    if (accidents.includes(verdict.code)) wrong(`${verdict.code}, ${verdict.reason}`)
    if (accepted) findings.stricter[verdict.code] = (findings.stricter[verdict.code] ?? 0) + 1
  }
}
