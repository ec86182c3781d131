import type { Policy } from '../config/policy.ts'
import { Refusal } from '../errors/refusal.ts'
import { parseJws, type Unverified } from '../jose/jws.ts'
import { verifySignature } from '../jose/signature.ts'
import { own } from '../lib/json.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import { nameOfThrown, quote } from '../lib/quote.ts'
import { canonical, isAlgorithm } from '../options/algorithms.ts'
import type { JwtKind, JwtRequirements, JwtResult, JwtVerifier } from '../options/other-jwt.ts'
import { jwtKinds, problemWithClaims } from '../token/jwt-kinds.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

type FindIssuer = (unverified: Unverified) => MaybePromise<TrustedIssuer | Refusal>

/** Verifies JWTs that are not access tokens: the same parser, key selection, and signature check. */
export function otherJwtVerifier(policy: Policy, findIssuer: FindIssuer): JwtVerifier {
  return async (jwt, kind, requirements) => {
    try {
      return await verifyOtherJwt(jwt, kind, requirements, { policy, findIssuer })
    } catch (error) {
      return failed('unavailable', `unexpected error during verification: ${nameOfThrown(error)}`)
    }
  }
}

interface Parts {
  readonly policy: Policy
  readonly findIssuer: FindIssuer
}

async function verifyOtherJwt(
  jwt: unknown,
  kind: JwtKind,
  { audience, issuer: only }: JwtRequirements,
  { policy, findIssuer }: Parts,
): Promise<JwtResult> {
  const { maxBytes, types } = jwtKinds[kind]
  const unverified = parseJws(jwt, maxBytes)
  if (unverified instanceof Refusal) return refused(unverified)
  const { alg, typ } = unverified.header
  if (!types.includes(typ?.toLowerCase())) {
    return failed('refused', `its typ is ${typ === undefined ? 'absent' : quote(typ)}`)
  }
  const iss = own(unverified.claims, 'iss')
  if (only !== undefined && iss !== only) return failed('refused', 'its iss is another issuer')
  const trusted = await findIssuer(unverified)
  if (trusted instanceof Refusal) return refused(trusted)
  const { issuer, source } = trusted
  if (!isAlgorithm(alg) || !issuer.algorithms.includes(canonical(alg))) {
    return failed('refused', `its alg is ${quote(alg)}`)
  }
  const key = await source.find(unverified.header)
  if (key instanceof Refusal) return refused(key)
  const verified = await verifySignature(unverified, key, policy.cryptography)
  if (verified instanceof Refusal) return refused(verified)
  trusted.recordVerified?.()
  const { clock, clockTolerance } = policy
  const expected = { audience, now: clock.now() / 1000, clockTolerance }
  const problem = problemWithClaims(verified.claims, kind, expected)
  if (problem !== undefined) return failed('refused', problem)
  return { ok: true, issuer: issuer.issuer, claims: verified.claims }
}

function refused({ category, reason }: Refusal): JwtResult {
  return failed(category, reason)
}

function failed(outcome: 'refused' | 'unavailable', reason: string): JwtResult {
  return { ok: false, outcome, reason }
}
