import { buildRecord, type VerificationTrace } from '../../src/audit/build-record.ts'
import type { Presentation } from '../../src/binding/presentation.ts'
import type { AudienceRule } from '../../src/config/audience.ts'
import type { Policy } from '../../src/config/policy.ts'
import type { Refusal } from '../../src/errors/refusal.ts'
import { andThen, type MaybePromise } from '../../src/lib/maybe-promise.ts'
import type { Identity } from '../../src/options/decision-record.ts'
import type { AccessToken } from '../../src/token/access-token.ts'
import { Pipeline } from '../../src/verify/pipeline.ts'

/** The result of one verification, and the token's part of the decision record. */
export interface Verified {
  readonly result: AccessToken | Refusal
  readonly identity: Identity
}

export interface OpenPipeline {
  readonly verify: (token: string, audience?: AudienceRule) => MaybePromise<Verified>
  readonly operations: Pipeline['operations']
  readonly cache: Pipeline['cacheStatistics']
}

const bearer: Presentation = { scheme: 'Bearer', method: 'GET', url: '/', header: () => [] }

/** A pipeline whose every verification also returns the token's part of the record. */
export function openPipeline(policy: Policy): OpenPipeline {
  const pipeline = new Pipeline(policy)
  return {
    verify: (token, audience) => {
      const trace: VerificationTrace = {}
      const verified = (result: AccessToken | Refusal): Verified => ({
        result,
        identity: identityIn(trace, policy),
      })
      const requirements = audience ? { audience } : {}
      return andThen(pipeline.verify(token, requirements, bearer, trace), verified)
    },
    operations: pipeline.operations,
    get cache() {
      return pipeline.cacheStatistics
    },
  }
}

/** The record without the members about the decision and the guards. */
function identityIn(trace: VerificationTrace, policy: Policy): Identity {
  const decision = {
    refusal: undefined,
    guards: [],
    trace,
    timings: [],
    verificationMs: undefined,
  }
  // The policy's own clock may be one that throws.
  const clock = { now: () => 0, monotonic: () => 0 }
  const record = buildRecord(decision, { ...policy, issuers: new Map(), clock })
  const members = Object.entries(record)
  const others = ['time', 'outcome', 'checks']
  return Object.fromEntries(members.filter(([name]) => !others.includes(name))) as Identity
}
