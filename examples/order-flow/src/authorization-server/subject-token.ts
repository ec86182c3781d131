import { createLocalJWKSet, errors as jose, type JWK, jwtVerify } from 'jose'
import { errors } from './oidc-provider.ts'

export interface SubjectToken {
  readonly id: string
  readonly subject: string
  readonly scopes: ReadonlySet<string>
  readonly secondsLeft: number
  readonly act: Actor | undefined
  readonly mayAct: Actor | undefined
}

interface Actor {
  readonly sub: string
  readonly act?: Actor
}

export interface SubjectTokenRules {
  readonly issuer: string
  readonly publicKeys: readonly JWK[]
  /** Returns the current time in milliseconds, like `Date.now`. */
  readonly now: () => number
}

export type VerifySubjectToken = (jwt: string, audience: string) => Promise<SubjectToken>

/**
 * Returns a function that accepts unexpired access tokens issued by this server for `audience`. It
 * refuses all others with `invalid_request`, as RFC 8693 section 2.2.2 requires.
 */
export function subjectTokenVerifier(rules: SubjectTokenRules): VerifySubjectToken {
  const keys = createLocalJWKSet({ keys: [...rules.publicKeys] })
  return async (jwt, audience) => {
    const now = rules.now()
    const options = {
      issuer: rules.issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['sub', 'exp', 'jti'],
      currentDate: new Date(now),
    }
    const { payload } = await jwtVerify<OwnClaims>(jwt, keys, options).catch(refuse)
    return subjectToken(payload, Math.floor(now / 1000))
  }
}

function refuse(cause: unknown): never {
  throw new errors.InvalidRequest(reason(cause), undefined, { cause })
}

function reason(cause: unknown): string {
  if (cause instanceof jose.JWTExpired) return 'the subject token has expired'
  if (cause instanceof jose.JWTClaimValidationFailed && cause.claim === 'aud') {
    return 'the subject token was not issued for this client'
  }
  return 'the subject token is not an access token from this server'
}

/** The claims that this server writes. After the signature check, their types need no check. */
interface OwnClaims {
  readonly jti: string
  readonly sub: string
  readonly exp: number
  readonly scope?: string
  readonly act?: Actor
  readonly may_act?: Actor
}

function subjectToken(claims: OwnClaims, now: number): SubjectToken {
  return {
    id: claims.jti,
    subject: claims.sub,
    scopes: new Set(claims.scope?.split(' ')),
    secondsLeft: claims.exp - now,
    act: claims.act,
    mayAct: claims.may_act,
  }
}
