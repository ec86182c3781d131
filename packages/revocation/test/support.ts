import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { createVerifier, type Verifier, type VerifierOptions } from '@resource-server/core'
import { afterAll } from 'vitest'
import {
  createRevocationList,
  type RevocationList,
  type RevocationListOptions,
} from '../src/index.ts'

export const aud = 'order-service'

/** Starts an issuer for the tests of one file. */
export async function startIssuer(
  options: Parameters<typeof createTestIssuer>[0] = {},
): Promise<TestIssuer> {
  const issuer = await createTestIssuer(options)
  afterAll(() => issuer.close())
  return issuer
}

/** One process of a service: a list, and a verifier that uses it. */
export interface Process {
  readonly list: RevocationList
  readonly verifier: Verifier
  /** `granted`, or the code of the refusal. */
  readonly outcome: (jwt: string) => Promise<string>
}

export const lifetime = 600

export function startProcess(
  issuer: TestIssuer,
  options: RevocationListOptions = {},
  more: Partial<VerifierOptions> = {},
): Process {
  const list = createRevocationList(options)
  const verifier = createVerifier({
    issuer: issuer.url,
    audience: aud,
    clock: issuer.clock,
    maxLifetime: lifetime,
    revocation: list,
    ...more,
  })
  afterAll(() => verifier.close())
  return {
    list,
    verifier,
    outcome: async (jwt) => {
      const result = await verifier.check(jwt)
      return result.ok ? 'granted' : result.code
    },
  }
}

/** Waits until promises that are already fulfilled have had their effect. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one turn of the event loop at a time
    await new Promise((resolve) => setImmediate(resolve))
  }
}
