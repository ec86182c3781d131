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

// @ts-expect-error an unknown option
createVerifier({ issuer, audience: 'order-service', audiences: ['order-service'] })
// @ts-expect-error symmetric algorithms are not supported
createVerifier({ issuer, audience: 'order-service', algorithms: ['HS256'] })
// @ts-expect-error unsigned tokens are not supported
createVerifier({ issuer, audience: 'order-service', algorithms: ['none'] })

createVerifier({ issuer: keycloak('https://k.example/realms/x'), audience: 'order-service' })
createVerifier({ issuers: [issuer, auth0('acme.auth0.com')], audience: 'order-service' })
// @ts-expect-error the audience is an option of the service, not of the provider
createVerifier({ issuer: keycloak('https://k.example/realms/x', { audience: 'order-service' }) })
// @ts-expect-error dex requires the option to accept ID tokens
dex('https://dex.example')

// @ts-expect-error the audience must not be undefined
createVerifier({ issuer, audience: process.env['AUDIENCE'] })

const promised: Promise<AccessToken> = verifier.verify('a.b.c')
// @ts-expect-error the promise is not awaited
const token: AccessToken = verifier.verify('a.b.c')
// @ts-expect-error the same for one of its members
verifier.verify('a.b.c').subject

const { claims } = await createVerifier<{ tenant: string }>({
  issuer,
  audience: 'order-service',
}).verify('a.b.c')
const tenant: string = claims.tenant
// @ts-expect-error an undeclared claim is unknown
const department: string = claims['department']

export function explain(error: unknown): Code | undefined {
  if (!(error instanceof VerificationError)) return undefined
  // @ts-expect-error the set of codes is closed
  if (error.code === 'bad_token') return undefined
  return error.code
}
