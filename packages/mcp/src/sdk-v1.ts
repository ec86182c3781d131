import { InvalidTokenError, ServerError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from './token-verifier.ts'

export type { TokenVerifier, TokenVerifierOptions } from './token-verifier.ts'

/**
 * Creates a verifier for `requireBearerAuth` of version 1 of the MCP SDK (`@modelcontextprotocol/sdk`). An invalid
 * token gets 401 with the SDK's challenge. If the token cannot be verified at the moment, the SDK sends 500; with
 * `protect` from this package, the response is 503. The SDK checks scopes and expiry itself, and knows neither the
 * scopes of individual tools nor the owners of sessions.
 *
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { tokenVerifier } from '@resource-server/mcp/sdk-v1'
 *
 * // For requireBearerAuth({ verifier, requiredScopes: ['mcp:basic'] }).
 * export const verifier = tokenVerifier({
 *   issuer: 'https://as.example.com',
 *   resource: 'https://mcp.example.com/mcp',
 * })
 * ```
 */
export function tokenVerifier(options: TokenVerifierOptions): TokenVerifier & OAuthTokenVerifier {
  return createTokenVerifier(options, {
    invalidToken: (message) => new InvalidTokenError(message),
    serverError: (message) => new ServerError(message),
  })
}
