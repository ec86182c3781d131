/** A token for the next service. */
export interface ExchangedToken {
  /** The token. A secret: the property is not enumerable, and printing the object does not show it. */
  readonly value: string
  /** `DPoP` if the token is bound to the key of this service. */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** When the token expires, if the authorization server specified it. */
  readonly expiresAt: Date | undefined
  /** The scopes that the authorization server granted, as far as they are known. */
  readonly scopes: readonly string[]
}

interface Content extends Omit<ExchangedToken, 'expiresAt'> {
  /** Milliseconds since 1970. */
  readonly expires: number | undefined
}

/** Creates a frozen token. Its value is in a private field, so that printing the token does not show it. */
export function createExchangedToken(content: Content): ExchangedToken {
  return new Exchanged(content)
}

class Exchanged implements ExchangedToken {
  readonly tokenType: ExchangedToken['tokenType']
  readonly scopes: readonly string[]
  readonly #value: string
  readonly #expires: number | undefined

  constructor({ value, tokenType, scopes, expires }: Content) {
    this.tokenType = tokenType
    this.scopes = Object.freeze([...scopes])
    this.#value = value
    this.#expires = expires
    Object.freeze(this)
  }

  get value(): string {
    return this.#value
  }

  get expiresAt(): Date | undefined {
    return this.#expires === undefined ? undefined : new Date(this.#expires)
  }
}
