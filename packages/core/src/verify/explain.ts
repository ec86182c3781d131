import { createPolicy, type IssuerPolicy, type Policy } from '../config/policy.ts'
import type { Code } from '../errors/codes.ts'
import { claimOf, Refusal } from '../errors/refusal.ts'
import { createGuards, type Guard, type Guards } from '../guards/guards.ts'
import { allScopesCheck, anyScopeCheck, type ScopeNeed } from '../guards/scope.ts'
import { parseJws, type Unverified } from '../jose/jws.ts'
import { type Verified, verifySignature } from '../jose/signature.ts'
import { createKeySource } from '../jwks/create-key-source.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { own } from '../lib/json.ts'
import { quote, quoteList } from '../lib/quote.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import { grants, readScopes } from '../options/scope.ts'
import { type AccessToken, createToken } from '../token/access-token.ts'
import { type ClaimCheck, claimChecks, type ClaimContext } from '../token/claims.ts'
import { checkDelegation, readDelegation, readMayAct } from '../token/delegation.ts'
import { acceptClaims, claimContext, requireAudience } from './pipeline.ts'
import { ResolvedIssuers } from './resolved-issuers.ts'
import { withClockHint, withSetupHint } from './setup-hints.ts'
import { checkAlgorithm, checkType, type TrustedIssuer, untrustedIssuer } from './trusted-issuer.ts'

/**
 * A part of the verification. A token goes through these parts in this order, and then through the guards of the
 * route.
 */
export type ExplainedStep =
  | 'parse'
  | 'issuer'
  | 'header'
  | 'key'
  | 'signature'
  | 'claims'
  | 'binding'
  | 'delegation'
  | 'guard'

/** One check, and its result. */
export interface ExplainedCheck {
  /** What is checked, such as `issuer` or `signature`. */
  readonly check: string
  /** The part of the verification that the check belongs to. */
  readonly step: ExplainedStep
  readonly result: 'passed' | 'failed' | 'skipped'
  /**
   * What was seen. If the check failed, also what was expected and what to do. If it was skipped, why. Values
   * from the token are quoted, escaped, and cut to 128 characters. The token itself is never included.
   */
  readonly detail: string
  /** The code of the refusal, if the check failed. */
  readonly code?: Code
  /** The claim at fault, if the check failed because of one. */
  readonly claim?: string
}

/** What `explain` found. */
export interface Explanation {
  /**
   * - `granted`: every check passed. If the token is bound, each request must also prove possession
   *   of the key, which is not checked here.
   * - `refused`: a check failed.
   * - `unavailable`: the keys could not be fetched, and no other check failed.
   * - `unknown`: no check failed, but the signature was not checked.
   */
  readonly outcome: 'granted' | 'refused' | 'unavailable' | 'unknown'
  /**
   * Every check, in the order in which the verifier runs them. The first failed check decides the verifier's
   * answer.
   */
  readonly checks: readonly ExplainedCheck[]
}

/** The options of `explain`. */
export interface ExplainOptions {
  /** Fetches nothing, so the signature is not checked unless `jwks` is set. Default false. */
  readonly offline?: boolean
  /**
   * The guards of a route, in order: `(guards) => [guards.requireScope('orders:read')]`. Guards other than those
   * for scopes and the audience are skipped if the signature is not valid, because they can contain your code.
   */
  readonly guards?: (guards: Guards<Guard>) => readonly Guard[]
}

/**
 * Runs every check on a token and reports all of them, even after one has failed. The verifier stops at the
 * first failure. For diagnosis only: never grant access based on an explanation.
 *
 * Fetches the issuer's keys like a verifier with the same options, unless `offline` is set. Does not send
 * the token anywhere.
 *
 * @param jwt the token
 * @param options the options of `createVerifier` or `resourceServer`
 * @throws ConfigError if the audience is missing or an option is invalid
 *
 * @example
 * ```ts
 * import { explain } from '@resource-server/core/explain'
 *
 * export async function print(token: string): Promise<void> {
 *   const options = { issuer: 'https://as.example.com', audience: 'order-service' }
 *   const { outcome, checks } = await explain(token, options)
 *   for (const { check, result, detail } of checks) console.log(result, check, detail)
 *   console.log(outcome)
 * }
 * ```
 */
export async function explain(
  jwt: string,
  options: ResourceServerOptions,
  { offline = false, guards = () => [] }: ExplainOptions = {},
): Promise<Explanation> {
  const policy = createPolicy(options, 'resource server')
  const required = guards(createGuards<Guard, object>(policy, (guard) => guard))
  requireAudience(policy, required[0]?.audience)
  const report = new Report(jwt, policy)
  const unverified = parseJws(jwt, policy.maxTokenBytes)
  report.add('format', unverified, 'a JWS with three segments')
  if (unverified instanceof Refusal) return report.finish()
  const trusted = await findIssuer(unverified, policy, offline)
  const issuer = report.addIssuer(unverified, trusted)
  if (!issuer) return report.finish('the issuer is not known')
  const context = claimContext(unverified.header, issuer, required[0] ?? {}, policy)
  if (context instanceof Refusal) {
    report.fail('audience', context)
    return report.finish('there is no audience')
  }
  const subject = { unverified, issuer, policy, report, context }
  const source = trusted instanceof Refusal ? createKeySource(issuer, policy) : trusted.source
  try {
    const verified = await checkSignature(subject, source, offline)
    checkContent({ ...subject, verified, required, source })
    await checkGuards({ ...subject, verified, required, source }, jwt)
  } finally {
    source.close()
  }
  return report.finish()
}

/** What the checks after the format look at. */
interface Subject {
  readonly unverified: Unverified
  readonly issuer: IssuerPolicy
  readonly policy: Policy
  readonly report: Report
  readonly context: ClaimContext
}

interface CheckedSubject extends Subject {
  /** `undefined` if the signature was not checked or is not valid. */
  readonly verified: Verified | undefined
  readonly required: readonly Guard[]
  readonly source: KeySource
}

/** Collects the results of the checks. */
class Report {
  readonly #checks: ExplainedCheck[] = []
  readonly #jwt: string
  readonly #policy: Policy
  #parsed: Unverified | undefined

  constructor(jwt: string, policy: Policy) {
    this.#jwt = jwt
    this.#policy = policy
  }

  /** Adds a check that failed if `outcome` is a refusal. */
  add(check: string, outcome: unknown, seen: string): void {
    if (outcome instanceof Refusal) this.fail(check, outcome)
    else this.#push(check, { result: 'passed', detail: seen })
  }

  fail(check: string, refusal: Refusal): void {
    const context = { parsed: this.#parsed, jwt: this.#jwt }
    const { code, reason, detail } = withSetupHint(refusal, context, this.#policy)
    this.#push(check, { result: 'failed', detail: reason, code, ...claimOf(detail) })
  }

  skip(check: string, why: string): void {
    this.#push(check, { result: 'skipped', detail: why })
  }

  #push(check: string, found: Omit<ExplainedCheck, 'check' | 'step'>): void {
    this.#checks.push({ check, step: steps.get(check) ?? 'guard', ...found })
  }

  /** Returns the issuer whose rules the other checks use: the token's, or the only one that is configured. */
  addIssuer(unverified: Unverified, trusted: TrustedIssuer | Refusal): IssuerPolicy | undefined {
    this.#parsed = unverified
    this.add('issuer', trusted, describe(own(unverified.claims, 'iss')))
    if (!(trusted instanceof Refusal)) return trusted.issuer
    const [only, ...others] = this.#policy.issuers.values()
    return others.length === 0 ? only : undefined
  }

  /** Claims that later checks cannot read. */
  get unreadable(): readonly (string | undefined)[] {
    const wrong = this.#checks.filter(({ code }) => unreadableCodes.includes(code!))
    return wrong.map(({ claim }) => claim)
  }

  get hasFailed(): boolean {
    return this.#checks.some(({ result }) => result === 'failed')
  }

  /** @param why why the remaining checks were skipped */
  finish(why?: string): Explanation {
    if (why !== undefined) this.skip(remaining, why)
    return { outcome: this.#outcome(), checks: this.#checks }
  }

  #outcome(): Explanation['outcome'] {
    const failed = this.#checks.filter(({ result }) => result === 'failed')
    if (failed.some(({ code }) => !unavailable.includes(code!))) return 'refused'
    if (failed.length > 0) return 'unavailable'
    const isSigned = this.#checks.some(
      ({ check, result }) => check === 'signature' && result === 'passed',
    )
    return isSigned ? 'granted' : 'unknown'
  }
}

/** The name of the check that stands for everything after a failure. */
const remaining = 'key, signature, and claims'

/** The step of each check. The other checks are guards, which have the name of their factory. */
const steps: ReadonlyMap<string, ExplainedStep> = new Map<string, ExplainedStep>([
  ['format', 'parse'],
  ['issuer', 'issuer'],
  [remaining, 'key'],
  ['algorithm', 'header'],
  ['type', 'header'],
  ['key', 'key'],
  ['signature', 'signature'],
  ...claimChecks.map(({ title }): [string, ExplainedStep] => [title, 'claims']),
  ['proof', 'binding'],
  ['actors', 'delegation'],
])

const unreadableCodes: readonly Code[] = ['claim_missing', 'claim_malformed']
const unavailable: readonly Code[] = [
  'keys_unavailable',
  'metadata_rejected',
  'verification_failed',
]

async function findIssuer(
  unverified: Unverified,
  policy: Policy,
  offline: boolean,
): Promise<TrustedIssuer | Refusal> {
  const iss = own(unverified.claims, 'iss')
  const byName: ReadonlyMap<unknown, IssuerPolicy> = policy.issuers
  const issuer = byName.get(iss)
  if (issuer) return { issuer, source: createKeySource(issuer, policy) }
  if (offline || !policy.resolveIssuer || typeof iss !== 'string') {
    return untrustedIssuer(iss, policy)
  }
  return new ResolvedIssuers(policy, policy.resolveIssuer).find(iss)
}

async function checkSignature(
  { unverified, issuer, policy, report }: Subject,
  source: KeySource,
  offline: boolean,
): Promise<Verified | undefined> {
  const { header } = unverified
  const refused = checkAlgorithm(header, issuer)
  report.add('algorithm', refused, quote(header.alg))
  report.add('type', checkType(header, issuer), describe(header.typ))
  const obstacle = whyNotVerified(!refused, offline && !issuer.jwks)
  if (obstacle !== undefined) {
    report.skip('key', obstacle)
    report.skip('signature', obstacle)
    return undefined
  }
  const key = await source.find(header)
  const seen = header.kid === undefined ? 'the only key that fits' : `kid ${quote(header.kid)}`
  report.add('key', key, seen)
  if (key instanceof Refusal) {
    report.skip('signature', 'there is no key to verify it with')
    return undefined
  }
  const verified = await verifySignature(unverified, key, policy.cryptography)
  report.add('signature', verified, 'valid')
  return verified instanceof Refusal ? undefined : verified
}

function whyNotVerified(isAllowed: boolean, isOffline: boolean): string | undefined {
  if (!isAllowed) return 'the algorithm is not allowed'
  return isOffline ? 'the keys are not fetched offline' : undefined
}

function checkContent(subject: CheckedSubject): void {
  const { unverified, issuer, policy, report, required } = subject
  for (const check of claimChecks) checkClaim(check, subject)
  const { claims } = unverified
  const delegation = readDelegation(claims, issuer, policy.maxActorDepth)
  const mode = required[0]?.delegation ?? policy.delegation
  const allowed =
    delegation instanceof Refusal ? delegation : checkDelegation(delegation.actor, mode)
  const actor = delegation instanceof Refusal ? undefined : delegation.actor
  const seen = actor ? `the actor is ${quote(actor.subject)}` : 'the token has no actor'
  report.add('actors', allowed ?? readMayAct(claims), seen)
  if (Object.hasOwn(claims, 'cnf')) {
    report.skip(
      'proof',
      'the token is bound to a key, so each request must prove possession of it. See Bound tokens',
    )
  }
}

function checkClaim(
  { title, check, all, reads }: ClaimCheck,
  { unverified: { claims }, report, source, context }: CheckedSubject,
): void {
  const unreadable = reads?.find((name) => report.unreadable.includes(name))
  if (unreadable !== undefined) {
    report.skip(title, `${unreadable} is missing or malformed`)
    return
  }
  const first = check(claims, context)
  if (!first) report.add(title, first, seenBy[title]?.(context, claims) ?? 'as required')
  for (const refusal of first && all ? all(claims, context) : [first ?? []].flat()) {
    report.fail(title, withClockHint(refusal, source.health().clockSkew))
  }
}

/** What to show for a check that passed. */
const seenBy: Readonly<
  Record<string, (context: ClaimContext, claims: Unverified['claims']) => string>
> = {
  expiry: ({ now }, claims) => `exp is in ${Math.round((own(claims, 'exp') as number) - now)} s`,
  audience: (_context, claims) => describe(own(claims, 'aud')),
}

async function checkGuards(subject: CheckedSubject, jwt: string): Promise<void> {
  const { report, required } = subject
  const token = report.hasFailed ? undefined : tokenFrom(subject, jwt)
  for (const guard of required) {
    // The audience was checked with the claims.
    if (guard.audience && guard === required[0]) continue
    if (token) report.add(guard.name, await guard.check(token), 'met')
    else if (guard.scopeNeed) report.add(guard.name, checkScopes(guard.scopeNeed, subject), 'met')
    else report.skip(guard.name, 'the token is not verified')
  }
}

/** Only a token that passed every other check. */
function tokenFrom({ verified, context }: CheckedSubject, jwt: string): AccessToken | undefined {
  const content = verified && acceptClaims(verified, context, false)
  return !content || content instanceof Refusal ? undefined : createToken(content, jwt)
}

/** These guards read nothing but scopes and contain no code of users, so the token need not be verified. */
function checkScopes(
  need: ScopeNeed,
  { unverified: { claims }, issuer: { profile, impliedScopes } }: Subject,
): Refusal | undefined {
  const name = profile.scopeClaims.find((one) => Object.hasOwn(claims, one))
  const scopes = (name !== undefined && readScopes(claims[name])) || []
  const hasScope = (scope: string): boolean => grants(scopes, scope, impliedScopes)
  const check = 'all' in need ? allScopesCheck(need.all) : anyScopeCheck(need.any)
  return check({ scopes, hasScope })
}

/** A value of the token, which may be of any type. */
function describe(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return quoteList(value)
  return value === undefined ? 'absent' : typeof value
}
