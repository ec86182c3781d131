import { randomBytes } from 'node:crypto'
import {
  audience,
  checkOptions,
  nonEmptyString,
  object,
  type Rules,
  usageError,
} from '../check-options.ts'
import type { JsonObject } from '../keys/signing-keys.ts'
import type { TokenContext, UnsignedToken } from './build-token.ts'

/** The content of a logout token: OpenID Connect Back-Channel Logout section 2.4. */
export interface LogoutTokenOptions {
  /** The client where the user signed in. Always required. */
  readonly aud: string | readonly string[]
  /** The session that ends. */
  readonly sid?: string
  /** The user who signs out. Without `sid`, all sessions of the user end. Required unless `sid` is set. */
  readonly sub?: string
  /** Claims to add. They replace any other claim, and a claim that is `undefined` is omitted. */
  readonly claims?: JsonObject
  /** Header parameters to add, with the same rules as `claims`. */
  readonly header?: JsonObject
}

const rules: Rules<LogoutTokenOptions> = {
  aud: audience,
  sid: nonEmptyString,
  sub: nonEmptyString,
  claims: object,
  header: object,
}

/** Builds a logout token from the options of `issuer.logoutToken`. */
export function buildLogoutToken(
  options: LogoutTokenOptions,
  { issuer, now }: TokenContext,
): UnsignedToken {
  checkOptions('logoutToken', options, rules)
  const { aud, sid, sub, claims, header } = options
  if (aud === undefined) throw usageError("logoutToken: 'aud' is required. Pass the client's ID.")
  return {
    header: { typ: 'logout+jwt', ...header },
    payload: {
      iss: issuer,
      aud,
      iat: now,
      exp: now + 120,
      jti: randomBytes(12).toString('base64url'),
      ...(sid !== undefined && { sid }),
      ...(sub !== undefined && { sub }),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...claims,
    },
  }
}
