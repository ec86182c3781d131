import { codes, type Category, type Code } from './codes.ts'

/** What a refusal adds to its challenge. */
interface ChallengeDetail {
  /** All scopes that the route requires: RFC 6750 section 3, `scope`. */
  readonly scope?: readonly string[]
  /** RFC 9470 section 3. */
  readonly acrValues?: readonly string[]
  /** Seconds; RFC 9470 section 3. */
  readonly maxAge?: number
}

export interface RefusalDetail extends ChallengeDetail {
  /** Seconds after which another try may succeed; only where there was no verdict. */
  readonly retryAfter?: number
}

/**
 * A no, as data: returned through the pipeline, never thrown inside it. `reason` is for the operator.
 * It may quote verified claims; it holds no token, no key and nothing unverified.
 */
export class Refusal {
  readonly code: Code
  readonly reason: string
  readonly detail: RefusalDetail

  constructor(code: Code, reason: string, detail: RefusalDetail = {}) {
    this.code = code
    this.reason = reason
    this.detail = detail
    Object.freeze(this)
  }

  get category(): Category {
    return codes[this.code].category
  }
}

export function refuse(code: Code, reason: string, detail?: RefusalDetail): Refusal {
  return new Refusal(code, reason, detail)
}

/** Two copies of this package in one process still recognize each other's errors. */
export const brand = (name: string): symbol => Symbol.for(`@resource-server/core ${name}`)

export function hasBrand(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && brand(name) in value
}

/**
 * The software is set up or called wrongly. Thrown at construction wherever that is possible, and
 * never a statement about a token: do not turn it into a 401.
 */
export class ConfigError extends Error {
  static {
    Object.defineProperty(this.prototype, brand('ConfigError'), { value: true })
    Object.defineProperty(this.prototype, 'name', { value: 'ConfigError' })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, 'ConfigError')
  }

  /** What is wrong. */
  readonly problem: string
  /** What to write instead. */
  readonly fix: string

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix}`)
    this.problem = problem
    this.fix = fix
  }
}

/**
 * A token was refused, or could not be judged. Thrown by `verify`, and passed to `next` where an
 * adapter is told to throw. Switch over `code`; the texts are for people.
 */
export class VerificationError extends Error {
  static {
    Object.defineProperty(this.prototype, brand('VerificationError'), { value: true })
    Object.defineProperty(this.prototype, 'name', { value: 'VerificationError' })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, 'VerificationError')
  }

  readonly code: Code
  /** `refused`: the token was judged. `unavailable`: it could not be; try again later. */
  readonly category: Category
  /** For the operator's log, not for the caller. Holds no secrets. */
  readonly reason: string
  /** Seconds after which another try may succeed; only with category `unavailable`. */
  readonly retryAfter: number | undefined

  constructor(refusal: Refusal, message: string = `${refusal.code}: ${refusal.reason}`) {
    super(message)
    this.code = refusal.code
    this.category = refusal.category
    this.reason = refusal.reason
    this.retryAfter = refusal.detail.retryAfter
  }
}
