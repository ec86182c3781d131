import {
  createVerifier,
  VerificationError,
  type AccessToken,
  type Code,
  type Verifier,
} from '@resource-server/core'
import { auth0, dex, keycloak } from '@resource-server/core/providers'

const issuer = 'https://as.example.com'
const verifier: Verifier = createVerifier({ issuer, audience: 'order-service' })

// @ts-expect-error an option that does not exist is a mistake, not a wish
createVerifier({ issuer, audience: 'order-service', audiences: ['order-service'] })
// @ts-expect-error symmetric algorithms cannot be had
createVerifier({ issuer, audience: 'order-service', algorithms: ['HS256'] })
// @ts-expect-error and unsigned tokens neither
createVerifier({ issuer, audience: 'order-service', algorithms: ['none'] })

createVerifier({ issuer: keycloak('https://k.example/realms/x'), audience: 'order-service' })
createVerifier({ issuers: [issuer, auth0('acme.auth0.com')], audience: 'order-service' })
// @ts-expect-error the audience belongs to the service and is no part of naming the provider
createVerifier({ issuer: keycloak('https://k.example/realms/x', { audience: 'order-service' }) })
// @ts-expect-error to take ID tokens takes a word
dex('https://dex.example')

// @ts-expect-error a mistyped environment variable is no audience
createVerifier({ issuer, audience: process.env['AUDIENCE'] })

const promised: Promise<AccessToken> = verifier.verify('a.b.c')
// @ts-expect-error a token that was not awaited is no token
const token: AccessToken = verifier.verify('a.b.c')
// @ts-expect-error the same for one of its members
verifier.verify('a.b.c').subject

const { claims } = await createVerifier<{ tenant: string }>({
  issuer,
  audience: 'order-service',
}).verify('a.b.c')
const tenant: string = claims.tenant
// @ts-expect-error a claim that nobody named is unknown
const department: string = claims['department']

export function explain(error: unknown): Code | undefined {
  if (!(error instanceof VerificationError)) return undefined
  // @ts-expect-error codes are a closed list
  if (error.code === 'bad_token') return undefined
  return error.code
}
