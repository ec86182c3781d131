/** No synchronous hash: tokens cannot be recognized without keeping them, so none are. See `TokenCache`. */
export const digest: ((text: string) => string) | undefined = undefined

/** WebCrypto alone verifies signatures here. */
export function signatureCheck(_algorithm: string, _key: unknown): undefined {
  return undefined
}
