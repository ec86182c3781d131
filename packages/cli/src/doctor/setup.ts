import {
  ConfigError,
  type ResourceServerOptions,
  type RevocationHealth,
  VerificationError,
} from '@resource-server/core'
import { createGate } from '@resource-server/core/adapter'
import type { Setup } from '../input.ts'
import type { Finding } from '../terminal.ts'
import { failed, isFailed, passed, skipped } from './finding.ts'
import { examineHops } from './hops.ts'
import { examineIntrospection } from './introspection.ts'
import { examineIssuer } from './issuer.ts'
import { examineResourceMetadata } from './resource-metadata.ts'
import { examineStores } from './stores.ts'
import { examineTls } from './tls.ts'

/** Examines everything that the options of a service depend on. */
export async function examineSetup({ options, hops }: Setup): Promise<readonly Finding[]> {
  const gate = createGate({ ...options, log: 'off' })
  const failure = await gate.operations.warmUp().then(
    () => undefined,
    (error: unknown) => error,
  )
  const { issuers, revocation } = gate.operations.health()
  gate.operations.close()
  const examined = await Promise.all(issuers.map((health) => examineIssuer(health, options)))
  const findings = [
    ...examined.flatMap((one) => one.findings),
    ...(await examineTls(examined.flatMap(({ urls }) => urls))),
    examineAudience(options),
    ...(await examineIntrospection(options)),
    ...(await examineHops(hops)),
    ...(await examineStores(options)),
    ...examineRevocation(revocation),
    ...(await examineResourceMetadata(options)),
  ]
  // Usually the report of an issuer has the reason already.
  const isExplained = failure === undefined || findings.some(isFailed)
  return isExplained ? findings : [...findings, describeFailure(failure)]
}

function describeFailure(failure: unknown): Finding {
  const isOurs = failure instanceof ConfigError || failure instanceof VerificationError
  return failed('warm-up', isOurs ? failure.message : 'an unexpected error')
}

function examineRevocation(health: RevocationHealth | undefined): readonly Finding[] {
  if (!health) return []
  const { state, source, lastError } = health
  if (state === 'current') return [passed('revocation', `the list from ${source} is up to date`)]
  return [failed('revocation', lastError ?? 'the list may be incomplete')]
}

function examineAudience({ audience }: ResourceServerOptions): Finding {
  return audience === undefined
    ? skipped('audience', 'not configured: every route needs requireAudience')
    : passed('audience', JSON.stringify(audience))
}
