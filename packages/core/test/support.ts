import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '@resource-server/testing'
import { afterAll } from 'vitest'
import {
  createGate,
  type Gate,
  type Guard,
  type HeaderPair,
  type GuardResult,
} from '../src/adapter.ts'
import {
  type Code,
  createVerifier,
  type DecisionRecord,
  type Guards,
  type ResourceServerOptions,
  type VerifierOptions,
} from '../src/index.ts'

export const aud = 'order-service'

/** Starts an issuer for the tests of one file. It uses EC keys, because they are fast to generate. */
export async function startIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256', ...options })
  afterAll(() => issuer.close())
  return issuer
}

/** Options for a verifier that uses the issuer's clock. */
export function optionsFor(issuer: TestIssuer) {
  return { issuer: issuer.url, audience: aud, clock: issuer.clock } as const
}

type OutcomeOf = (token: string, options?: VerifierOptions) => Promise<Code | 'granted'>

/** Returns a function that verifies a token and resolves to `granted` or the code of the refusal. */
export function outcomeFor(issuer: TestIssuer): OutcomeOf {
  return async (token, options = {}) => {
    const result = await createVerifier({ ...optionsFor(issuer), ...options }).check(token)
    return result.ok ? 'granted' : result.code
  }
}

/** A gate with its guards, and a function that sends a request through one of them. */
export interface GateHarness {
  readonly gate: Gate
  readonly guards: Guards<Guard>
  readonly records: readonly DecisionRecord[]
  /** Reports that the response is sent, and waits until the records are written. */
  readonly settle: (key: object) => Promise<void>
  readonly pass: (
    key: object,
    guard: Guard,
    headers?: readonly HeaderPair[],
  ) => Promise<GuardResult>
}

export function createGateHarness(options: ResourceServerOptions): GateHarness {
  const records: DecisionRecord[] = []
  const gate = createGate({ onDecision: (record) => void records.push(record), ...options })
  return {
    gate,
    records,
    settle: async (key) => {
      gate.recordDecision(key)
      await responseSent()
    },
    guards: gate.guards((guard) => guard),
    pass: async (key, guard, headers = []) => {
      const request = { method: 'GET', url: '/orders?secret=1', headers }
      try {
        return await gate.pass(key, request, guard)
      } finally {
        await responseSent()
      }
    },
  }
}

/** Waits until the host would have sent the response. Refusals are recorded after that. */
export function responseSent(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

export function bearer(token: string): readonly HeaderPair[] {
  return [['Authorization', `Bearer ${token}`]]
}

/** The status of a reply, or the action for any other result. */
export function statusOf(result: GuardResult): number | string {
  return result.action === 'reply' ? result.reply.status : result.action
}

export type MakeGuard = (guards: Guards<Guard>) => Guard

/** Sends one request through guards in order, as a host does, until one does not proceed. */
export async function runGuards(
  harness: GateHarness,
  route: readonly MakeGuard[],
  token?: string,
): Promise<number | string> {
  const key = {}
  const headers = token === undefined ? [] : bearer(token)
  for (const make of route) {
    const result = await harness.pass(key, make(harness.guards), headers)
    if (result.action !== 'proceed') return statusOf(result)
  }
  return 'proceed'
}
