// Many services that use the same authorization server.
import { after, at, clockOf, every, time } from './simulation.mjs'
import { audience, issuer } from './server.mjs'

export const { createVerifier } = await import('@resource-server/core')

/** @typedef {import('@resource-server/core').Verifier} Verifier */
/** @typedef {import('@resource-server/core').VerifierOptions} VerifierOptions */
/** @typedef {import('./server.mjs').AuthorizationServer} AuthorizationServer */

/** @type {(server: AuthorizationServer, options?: VerifierOptions, ahead?: number) => Verifier} */
export function startService(server, options = {}, ahead = 0) {
  const named = options.resolveIssuer ? {} : { issuer }
  const { fetch } = server
  return createVerifier({ ...named, audience, clock: clockOf(ahead), fetch, ...options })
}

/**
 * Starts services at random times within a period, in seconds. Each fetches its keys at the start.
 *
 * @type {(count: number, period: number, server: AuthorizationServer, options?: VerifierOptions) => Verifier[]}
 */
export function deploy(count, period, server, options) {
  const services = Array.from({ length: count }, () => startService(server, options))
  for (const service of services)
    at(time() + Math.random() * period, () => void service.warmUp().catch(() => {}))
  return services
}

/** @type {(service: Verifier) => 'fresh' | 'stale' | 'none'} */
export const stateOf = (service) => service.health().issuers[0]?.state ?? 'none'

/** @type {(service: Verifier) => boolean} */
export const hasKeys = (service) => stateOf(service) !== 'none'

/** @type {(service: Verifier) => boolean} */
export const isFresh = (service) =>
  stateOf(service) === 'fresh' && service.health().issuers[0]?.lastError === undefined

/**
 * Notes the first second, from now on, in which something is true for all services.
 *
 * @type {(services: readonly Verifier[], isTrue: (service: Verifier) => boolean) => { seconds: number }}
 */
export function firstTime(services, isTrue) {
  const started = time()
  const result = { seconds: Infinity }
  const look = () => {
    if (services.every((service) => isTrue(service))) result.seconds = time() - started
    else after(1, look)
  }
  after(1, look)
  return result
}

/** Counts the services without keys, twice a minute. @type {(services: readonly Verifier[], from: number, to: number) => { worst: number }} */
export function watchKeys(services, from, to) {
  const result = { worst: 0 }
  every(from, to, 30, () => {
    const without = services.filter((service) => !hasKeys(service)).length
    result.worst = Math.max(result.worst, without)
  })
  return result
}

/** @type {(services: readonly Verifier[]) => void} */
export function stop(services) {
  for (const service of services) service.close()
}
