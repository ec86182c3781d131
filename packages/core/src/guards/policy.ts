import { brand, ConfigError, hasBrand, type Refusal, refuse } from '../errors/refusal.ts'
import { kindOf } from '../options/option-table.ts'
import { type AccessToken, type TokenView, viewOf } from '../token/access-token.ts'

declare const denied: unique symbol

/** A refusal that a policy function returns. Only the functions of `deny` create it. */
export interface Denial {
  readonly [denied]: 'Denial'
}

/** What a policy function returns: `true` to let the request through, and anything else to refuse it. */
export type PolicyResult = boolean | Denial

class InvalidToken implements Denial {
  static {
    Object.defineProperty(this.prototype, brand('InvalidToken'), { value: true })
  }

  declare readonly [denied]: 'Denial'
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
    Object.freeze(this)
  }
}

/**
 * Refusals for policy functions, in addition to `false`.
 *
 * @example
 * ```ts
 * import { deny, type TokenView } from '@resource-server/core'
 *
 * declare function isLocked(subject: string): Promise<boolean>
 *
 * // For requirePolicy.
 * export const notLocked = async ({ subject }: TokenView) =>
 *   (await isLocked(subject)) ? deny.invalidToken('the account is locked') : true
 * ```
 */
export const deny: {
  /**
   * The token itself is not accepted, so a client must get another one: 401 `invalid_token` (RFC 6750 section
   * 3.1). With `false`, the response is 403, and clients don't refresh their token.
   *
   * @param reason for the operator's records and log. The caller does not see it.
   * @throws ConfigError if the reason is not a non-empty string
   */
  readonly invalidToken: (reason: string) => Denial
} = Object.freeze({
  invalidToken(reason: string) {
    if (typeof reason === 'string' && reason !== '') return new InvalidToken(reason)
    throw new ConfigError(
      `deny.invalidToken() needs a reason, got ${reason === '' ? 'an empty string' : kindOf(reason)}.`,
      "Say why, for the operator: deny.invalidToken('the account is locked').",
    )
  },
})

type Decide<C extends object> = (token: TokenView<C>) => PolicyResult | Promise<PolicyResult>

/** @throws ConfigError if the argument is not a function */
export function policyCheck<C extends object>(
  decide: Decide<C>,
): (token: AccessToken) => Promise<Refusal | undefined> {
  if (typeof decide !== 'function') {
    throw new ConfigError('requirePolicy needs a function.', 'Write requirePolicy((token) => …).')
  }
  return async (token) => {
    const result: unknown = await decide(viewOf(token) as TokenView<C>)
    if (result === true) return undefined
    if (hasBrand(result, 'InvalidToken')) {
      const { reason } = result as InvalidToken
      return refuse('token_denied', `the policy function refused the token: ${reason}`)
    }
    const shown = typeof result === 'boolean' ? result : 'a value that is not a boolean'
    return refuse('policy_denied', `the policy function returned ${shown}`)
  }
}
