import { randomBytes } from 'node:crypto'
import type { Introspection, ResourceServerOptions } from '@resource-server/core'
import { createGate } from '@resource-server/core/adapter'
import type { Finding } from '../terminal.ts'
import { failed, inTime, passed, skipped } from './finding.ts'

/** Asks each introspection endpoint about a made-up token, as a request with that token would. */
export async function examineIntrospection(
  options: ResourceServerOptions,
): Promise<readonly Finding[]> {
  const introspections = introspectionsOf(options)
  if (introspections.length === 0) return []
  const gate = createGate({ audience: 'doctor', ...options, log: 'off' })
  const guard = gate.guards((one) => one).requireAuthentication()
  await Promise.all(
    introspections.map(({ prefix = '' }) => {
      const token = prefix + randomBytes(24).toString('base64url')
      const headers = [['authorization', `Bearer ${token}`]] as const
      return inTime(
        Promise.resolve(gate.pass({}, { method: 'GET', url: '/', headers }, guard)),
      ).catch(() => {})
    }),
  )
  const { introspection = [] } = gate.operations.health()
  gate.operations.close()
  return introspection.map(({ issuer, state, lastError }) => {
    if (state === 'ok') return passed('introspection', `${issuer} accepts the client`)
    if (state === 'failing') return failed('introspection', lastError ?? 'failed')
    return skipped('introspection', `${issuer} was not asked`)
  })
}

function introspectionsOf(options: ResourceServerOptions): readonly Introspection[] {
  const entries: readonly unknown[] = [options, options.issuer, options.issuers].flat()
  return entries.flatMap((entry) => {
    const { introspection } = (entry ?? {}) as { readonly introspection?: Introspection }
    return introspection ?? []
  })
}
