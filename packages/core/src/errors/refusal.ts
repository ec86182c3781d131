import { printable } from '../lib/printable.ts'
import { codes, type Category, type Code, type CodeEntry } from './codes.ts'

/** Parameters that a refusal adds to its challenge. */
interface ChallengeDetail {
  /** All scopes that the route requires. Sent as `scope`: RFC 6750 section 3. */
  readonly scope?: readonly string[]
  /** Sent as `acr_values`: RFC 9470 section 3. */
  readonly acrValues?: readonly string[]
  /** Seconds. Sent as `max_age`: RFC 9470 section 3. */
  readonly maxAge?: number
  /** Sent as `DPoP-Nonce`: RFC 9449 section 9. */
  readonly dpopNonce?: string
}

/** Details of a refusal, for the response. */
export interface RefusalDetail extends ChallengeDetail {
  /** The scheme of a credential that is malformed. */
  readonly scheme?: 'Bearer' | 'DPoP'
  /** Seconds after which a retry may succeed. Only for the category `unavailable`. */
  readonly retryAfter?: number
  /**
   * The claim at fault, if it is a single one: the top-level name, such as `exp` or `act`. For the operator only: it
   * is never part of a response.
   */
  readonly claim?: string
  /** True if the caller sees the same response as for an inactive token: see `introspected.ts`. */
  readonly hidden?: boolean
  /** True if the reason says what the operator can do, so that no hint of the profile is added. */
  readonly explained?: boolean
}

/**
 * A refusal as a value: the pipeline returns it and never throws it. `reason` is for the operator and is
 * never part of a response. It may contain values from the token. Those that are not verified are quoted
 * with `quote()`. It contains no token and no key.
 */
export class Refusal {
  readonly code: Code
  readonly reason: string
  readonly detail: RefusalDetail

  constructor(code: Code, reason: string, detail: RefusalDetail = {}) {
    this.code = code
    // Values are quoted with `quote()`. Texts of users, such as the messages of hints and errors, are not.
    this.reason = printable(reason)
    this.detail = detail
    Object.freeze(this)
  }

  get category(): Category {
    return codes[this.code].category
  }
}

/** The member `claim` of a result or a record. Empty if no single claim is at fault. */
export function claimOf({ claim }: RefusalDetail): Pick<RefusalDetail, 'claim'> {
  return claim === undefined ? {} : { claim }
}

/** What the caller sees: the entry of the code, or that of an inactive token if the refusal is hidden. */
export function shownEntry({ code, detail }: Refusal): CodeEntry {
  return codes[detail.hidden ? 'token_inactive' : code]
}

export function refuse(code: Code, reason: string, detail?: RefusalDetail): Refusal {
  return new Refusal(code, reason, detail)
}

/** Lets two copies of this package in one process recognize each other's errors. */
export const brand = (name: string): symbol => Symbol.for(`@resource-server/core ${name}`)

export function hasBrand(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && brand(name) in value
}

/**
 * An error in the configuration or in a call. If possible, it is thrown when the server or verifier is
 * created. It does not mean that a token is invalid, so do not respond with 401. `instanceof` also works
 * for errors from another copy of this package.
 *
 * @example
 * import { ConfigError, createVerifier } from '@resource-server/core'
 *
 * try {
 *   createVerifier({ issuer: 'as.example.com', audience: 'order-service' })
 * } catch (error) {
 *   if (error instanceof ConfigError) console.error(error.problem, error.fix)
 * }
 */
export class ConfigError extends Error {
  static {
    Object.defineProperty(this.prototype, brand('ConfigError'), { value: true })
    Object.defineProperty(this.prototype, 'name', { value: 'ConfigError' })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, 'ConfigError')
  }

  /** A sentence that says what is wrong. */
  readonly problem: string
  /** A sentence that says how to fix it. */
  readonly fix: string

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix}`)
    this.problem = problem
    this.fix = fix
  }
}

/**
 * The error for a token that was refused or could not be verified. `verify` throws it, and an adapter passes it to
 * the host's error handling if `onRefusal` is `throw`. Use `code` in programs, because the wording of messages may
 * change. `instanceof` also works for errors from another copy of this package.
 *
 * @example
 * import { VerificationError, type Verifier } from '@resource-server/core'
 *
 * export async function subjectOf(verifier: Verifier, jwt: string): Promise<string | undefined> {
 *   try {
 *     return (await verifier.verify(jwt)).subject
 *   } catch (error) {
 *     if (error instanceof VerificationError && error.category === 'refused') return undefined
 *     throw error
 *   }
 * }
 */
export class VerificationError extends Error {
  static {
    Object.defineProperty(this.prototype, brand('VerificationError'), { value: true })
    Object.defineProperty(this.prototype, 'name', { value: 'VerificationError' })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, 'VerificationError')
  }

  // `code`, `reason` and `claim` are not own members: an error handler may send `JSON.stringify(error)` or
  // `{ ...error }` to the caller, who must not learn them.
  readonly #refusal: Refusal

  /** `refused`: the token is not accepted. `unavailable`: it could not be verified; retry later. */
  readonly category: Category
  /** Seconds after which a retry may succeed. Only with the category `unavailable`. */
  readonly retryAfter: number | undefined

  constructor(refusal: Refusal, message: string = `${refusal.code}: ${refusal.reason}`) {
    super(message)
    this.#refusal = refusal
    this.category = refusal.category
    this.retryAfter = refusal.detail.retryAfter
  }

  /** Why the token was refused or could not be verified. See {@link codes}. Not enumerable, like `reason`. */
  get code(): Code {
    return this.#refusal.code
  }

  /**
   * The full reason, for the operator's log. Contains no secrets, but do not send it to the caller. Not
   * enumerable, so `JSON.stringify`, spread syntax, and most loggers omit it.
   */
  get reason(): string {
    return this.#refusal.reason
  }

  /**
   * The claim at fault, such as `exp` or `aud`, or `undefined` if no single claim is at fault. For the operator: do
   * not send it to the caller. Not enumerable, like `reason`.
   */
  get claim(): string | undefined {
    return this.#refusal.detail.claim
  }
}
