import { OAuthError, OAuthErrorCode, type OAuthTokenVerifier } from '@modelcontextprotocol/server'
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from './token-verifier.ts'

export type { TokenVerifier, TokenVerifierOptions } from './token-verifier.ts'

/**
 * Creates a verifier for `requireBearerAuth` of version 2 of the MCP SDK (`@modelcontextprotocol/server` and
 * `@modelcontextprotocol/express`). Works like the one for version 1.
 *
 * @throws ConfigError for invalid options
 *
 * @example
 * ```ts
 * import { requireBearerAuth } from '@modelcontextprotocol/server'
 * import { tokenVerifier } from '@resource-server/mcp/sdk-v2'
 *
 * const resource = 'https://mcp.example.com/mcp'
 * const verifier = tokenVerifier({ issuer: 'https://as.example.com', resource })
 *
 * export const authenticate = requireBearerAuth({ verifier, requiredScopes: ['mcp:basic'] })
 * ```
 */
export function tokenVerifier(options: TokenVerifierOptions): TokenVerifier & OAuthTokenVerifier {
  return createTokenVerifier(options, {
    invalidToken: (message) => new OAuthError(OAuthErrorCode.InvalidToken, message),
    serverError: (message) => new OAuthError(OAuthErrorCode.ServerError, message),
  })
}
