import type { TestIssuer } from '@resource-server/testing'
import type { Guard } from '../../src/adapter.ts'
import type { Guards, ResourceServerOptions } from '../../src/index.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer, statusOf } from '../support.ts'

type Outcome = (
  guard: (guards: Guards<Guard>) => Guard,
  token: string,
  more?: Partial<ResourceServerOptions>,
) => Promise<number | string>

/** An issuer, tokens with claims of any shape, and what a guard makes of them. */
export interface Acting {
  readonly issuer: TestIssuer
  readonly options: ReturnType<typeof optionsFor>
  readonly sign: (claims: object) => string
  /** The claim `act` as text, and members to follow it. */
  readonly signText: (act: string, more?: string) => string
  /** A status, or `proceed`. */
  readonly outcome: Outcome
}

export async function startActing(): Promise<Acting> {
  const issuer = await startIssuer()
  const options = optionsFor(issuer)
  const whole = (): object => {
    const now = Math.floor(issuer.clock.now() / 1000)
    return { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 60 }
  }
  return {
    issuer,
    options,
    sign: (claims) => issuer.sign({ payload: JSON.stringify({ ...whole(), ...claims }) }),
    signText: (act, more = '') =>
      issuer.sign({ payload: `${JSON.stringify(whole()).slice(0, -1)},"act":${act}${more}}` }),
    outcome: async (guard, token, more = {}) => {
      const { guards, pass } = openDesk({ ...options, ...more })
      return statusOf(await pass({}, guard(guards), bearer(token)))
    },
  }
}
