import {
  codes,
  ConfigError,
  createVerifier,
  type Operations,
  VerificationError,
  type VerifierOptions,
} from '@resource-server/core'
import { authInfoOf, type McpAuthInfo } from './auth-info.ts'

/** The options of `createVerifier`, and the URL that clients connect to, which is the default for `audience`. */
export interface TokenVerifierOptions extends VerifierOptions {
  readonly resource: string
}

/** A verifier for the SDK's `requireBearerAuth`, with the methods to operate it. */
export interface TokenVerifier extends Operations {
  readonly verifyAccessToken: (token: string) => Promise<McpAuthInfo>
}

/** Creates the errors of one version of the SDK. Their messages are sent to the caller. */
export interface SdkErrors {
  readonly invalidToken: (message: string) => Error
  readonly serverError: (message: string) => Error
}

/** @throws ConfigError for invalid options */
export function createTokenVerifier(
  options: TokenVerifierOptions,
  errors: SdkErrors,
): TokenVerifier {
  if (!isUrl(options?.resource)) {
    throw new ConfigError(
      "A token verifier requires the option 'resource'.",
      "Set it to the URL that clients connect to, such as 'https://mcp.example.com/mcp'.",
    )
  }
  const { resource, ...others } = options
  const { verify, check: _, ...operations } = createVerifier({ audience: resource, ...others })
  return {
    ...operations,
    verifyAccessToken: async (token) => {
      try {
        return authInfoOf(await verify(token), { resource })
      } catch (error) {
        throw error instanceof VerificationError ? forSdk(error, errors) : error
      }
    },
  }
}

function isUrl(value: unknown): value is string {
  try {
    return typeof value === 'string' && new URL(value).protocol.startsWith('http')
  } catch {
    return false
  }
}

/** The caller learns the description of the code, and the operator the whole reason from `cause`. */
function forSdk(cause: VerificationError, { invalidToken, serverError }: SdkErrors): Error {
  const create = cause.category === 'refused' ? invalidToken : serverError
  return Object.assign(create(codes[cause.code].description), { cause })
}
