import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { type Code, explanationOf } from '../errors/codes.ts'
import type { Refusal } from '../errors/refusal.ts'
import { warnings } from '../lib/warning-limiter.ts'

/**
 * Refusals that a mistake in the setup causes for every token. Others, such as an expired token, are part of
 * normal operation, or are caused only by an attacker.
 */
const setupCodes: ReadonlySet<Code> = new Set<Code>([
  'token_too_large',
  'token_malformed',
  'token_encrypted',
  'type_not_accepted',
  'algorithm_not_allowed',
  'issuer_not_trusted',
  'key_not_found',
  'key_ambiguous',
  'signature_invalid',
  'not_an_access_token',
  'claim_missing',
  'claim_malformed',
  'token_not_yet_valid',
  'lifetime_too_long',
  'audience_mismatch',
  'binding_unsupported',
  'actor_malformed',
  'delegation_required',
  'delegation_forbidden',
])

/**
 * Tells the operator about a setup with which no token is accepted, even if nothing listens for decisions. Until the
 * first token is accepted, the first refusal with each code is printed. Afterwards, refusals are the fault of
 * individual tokens.
 */
export class SetupWarnings {
  readonly #isOff: boolean
  readonly #printed = new Set<Code>()
  #hasAccepted = false

  constructor({ log }: Pick<Policy, 'log'>) {
    this.#isOff = log === 'off'
  }

  accepted(): void {
    this.#hasAccepted = true
  }

  /** @param issuer the issuer of the token, if it is known */
  refused({ code, reason }: Refusal, issuer: IssuerPolicy | undefined): void {
    if (this.#isOff || this.#printed.has(code)) return
    const intro = this.#introFor(code, issuer)
    if (intro === undefined) return
    this.#printed.add(code)
    warnings.print(
      `${intro} ${code}: ${reason.replace(/\.$/, '')}. See ${explanationOf(code)}. This is printed once. ` +
        'NODE_DEBUG=resource-server prints every refusal.',
    )
  }

  #introFor(code: Code, issuer: IssuerPolicy | undefined): string | undefined {
    // Keys that are fetched are reported when the fetch fails; fixed keys never change.
    const isBroken = code === 'verification_failed' || (code === 'keys_unavailable' && issuer?.jwks)
    if (isBroken) return 'A token could not be verified:'
    if (this.#hasAccepted || !setupCodes.has(code)) return undefined
    return 'No token has been accepted yet, and this one was refused:'
  }
}
