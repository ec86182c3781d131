import { loadOnce } from '../lib/load-once.ts'

// jose is loaded with the first key instead of at startup: decisions/109. The promises reject if that fails, which
// says nothing about a key or a token.

type KeyFunctions = Pick<typeof import('jose/key/import'), 'importJWK'>

export const loadKeyFunctions: () => Promise<KeyFunctions> = loadOnce(
  'jose',
  () => import('jose/key/import'),
)

/** Loads it while a key set is being fetched. A failure is reported when the keys are read. */
export function loadKeyFunctionsEarly(): void {
  loadKeyFunctions().catch(() => undefined)
}

type VerifyFunctions = Pick<typeof import('jose/jws/compact/verify'), 'compactVerify'>

/** Not needed if `node:crypto` verifies all signatures. */
export const loadVerifyFunctions: () => Promise<VerifyFunctions> = loadOnce(
  'jose',
  () => import('jose/jws/compact/verify'),
)
