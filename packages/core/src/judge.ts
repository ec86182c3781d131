import { advise } from './advise.ts'
import { claimedIdentity, identityOf, unverifiedNames } from './audit.ts'
import type { AudienceRule } from './audience.ts'
import { checkClaims } from './claims.ts'
import { checkDelegation, readDelegation, readMayAct } from './delegation.ts'
import { own } from './json.ts'
import { parseJws, type Unverified } from './jws.ts'
import { createKeySource, type KeySource } from './keys.ts'
import type { Policy } from './policy.ts'
import type { Identity } from './record.ts'
import { ConfigError, Refusal, refuse } from './refusal.ts'
import { type Verified, verifySignature } from './signature.ts'
import { type AccessToken, createToken } from './token.ts'
import { checkHeader, trustedIssuer } from './trust.ts'

/** What became of a token: its outcome, and as much of it as may be recorded. */
export interface Judgement {
  readonly result: AccessToken | Refusal
  readonly identity: Identity
}

/** The pipeline without a host: judges one token for one audience. Never rejects. */
export interface Judge {
  readonly policy: Policy
  /** `audience` stands in for the configured one. @throws ConfigError where there is neither. */
  judge(token: string, audience?: AudienceRule): Promise<Judgement>
  warmUp(): Promise<void>
}

export function createJudge(policy: Policy): Judge {
  const sources = new Map(
    [...policy.issuers].map(([name, issuer]) => [name, createKeySource(issuer, policy)]),
  )
  return {
    policy,
    judge: async (token, audience) => {
      requireAudience(policy, audience)
      const unverified = parseJws(token, policy.maxTokenBytes)
      if (unverified instanceof Refusal) return { result: unverified, identity: {} }
      const verified = await settle(() => authenticate(unverified, policy, sources))
      if (verified instanceof Refusal)
        return {
          result: advise(verified, unverified, policy),
          identity: unverifiedOf(unverified),
        }
      const accepted = await settle(() => accept(verified, policy, audience))
      const result = accepted instanceof Refusal ? advise(accepted, unverified, policy) : accepted
      return {
        result,
        identity: result instanceof Refusal ? claimedIdentity(verified.claims) : identityOf(result),
      }
    },
    warmUp: async () => {
      for (const source of sources.values()) await source.warmUp()
    },
  }
}

/** The first half of a token's story: from somebody's words to words of a trusted issuer. */
async function authenticate(
  unverified: Unverified,
  policy: Policy,
  sources: ReadonlyMap<string, KeySource>,
): Promise<Verified | Refusal> {
  const issuer = trustedIssuer(unverified, policy)
  if (issuer instanceof Refusal) return issuer

  const wrongHeader = checkHeader(unverified.header, issuer)
  if (wrongHeader) return wrongHeader

  const key = await sources.get(issuer.issuer)!.find(unverified.header)
  if (key instanceof Refusal) return key

  return verifySignature(unverified, key)
}

/** The second half: whether these words are an access token for this service, now. */
async function accept(
  verified: Verified,
  policy: Policy,
  replacement: AudienceRule | undefined,
): Promise<AccessToken | Refusal> {
  const issuer = policy.issuers.get(verified.key.issuer)!
  const audience = (replacement ?? issuer.audience)!
  const now = policy.clock.now() / 1000
  const wrongClaim = checkClaims(verified.claims, { policy, issuer, audience, now })
  if (wrongClaim) return wrongClaim

  const delegation = readDelegation(verified.claims, issuer.issuer, policy.maxActorDepth)
  if (delegation instanceof Refusal) return delegation
  const mayAct = readMayAct(verified.claims)
  if (mayAct instanceof Refusal) return mayAct
  const wrongDelegation = checkDelegation(delegation.actor, policy.delegation)
  if (wrongDelegation) return wrongDelegation

  return createToken({
    ...{ verified, delegation, mayAct },
    ...{ profile: issuer.profile, impliedScopes: issuer.impliedScopes },
  })
}

/** @throws ConfigError where an issuer has no audience and nothing stands in for it */
export function requireAudience({ issuers }: Policy, replacement?: AudienceRule): void {
  const without = [...issuers.values()].find(({ audience }) => !audience)
  if (replacement || !without) return
  throw new ConfigError(
    `There is no audience for '${without.issuer}'.`,
    "Set audience: 'order-service', or let requireAudience('order-service') run first.",
  )
}

/** Whatever is thrown below is no verdict, and never a crash of the host. */
async function settle<T>(work: () => Promise<T | Refusal>): Promise<T | Refusal> {
  try {
    return await work()
  } catch (error) {
    const what = error instanceof Error ? error.name : typeof error
    return refuse('verification_failed', `the verification broke down: ${what}`, { retryAfter: 1 })
  }
}

function unverifiedOf({ header, claims }: Unverified): Identity {
  return unverifiedNames({ issuer: own(claims, 'iss'), kid: header.kid, alg: header.alg })
}
