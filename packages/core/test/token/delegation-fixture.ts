import type { TestIssuer } from '@resource-server/testing'
import type { Guard } from '../../src/adapter.ts'
import type { Guards, ResourceServerOptions } from '../../src/index.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer, statusOf } from '../support.ts'

type Outcome = (
  guard: (guards: Guards<Guard>) => Guard,
  token: string,
  options?: Partial<ResourceServerOptions>,
) => Promise<number | string>

/** A test issuer that signs claims of any shape, and a way to run one guard on its tokens. */
export interface DelegationFixture {
  readonly issuer: TestIssuer
  readonly options: ReturnType<typeof optionsFor>
  /** Signs a valid token with these additional claims. */
  readonly sign: (claims: object) => string
  /** Signs a valid token whose `act` is this JSON text, followed by more members as JSON text. */
  readonly signText: (act: string, more?: string) => string
  /** The status of the response to a request with this token, or `proceed`. */
  readonly outcome: Outcome
}

export async function createDelegationFixture(): Promise<DelegationFixture> {
  const issuer = await startIssuer()
  const options = optionsFor(issuer)
  const validClaims = (): object => {
    const now = Math.floor(issuer.clock.now() / 1000)
    return { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 60 }
  }
  return {
    issuer,
    options,
    sign: (claims) => issuer.sign({ payload: JSON.stringify({ ...validClaims(), ...claims }) }),
    signText: (act, more = '') =>
      issuer.sign({
        payload: `${JSON.stringify(validClaims()).slice(0, -1)},"act":${act}${more}}`,
      }),
    outcome: async (guard, token, more = {}) => {
      const { guards, pass } = createGateHarness({ ...options, ...more })
      return statusOf(await pass({}, guard(guards), bearer(token)))
    },
  }
}
