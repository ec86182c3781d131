import { buildRecord, type VerificationTrace } from '../audit/build-record.ts'
import { createReporter, type Timing } from '../audit/reporter.ts'
import type { Presentation } from '../binding/presentation.ts'
import { createPolicy } from '../config/policy.ts'
import type { Code } from '../errors/codes.ts'
import { claimOf, ConfigError, Refusal, VerificationError } from '../errors/refusal.ts'
import { guardExamples, type Requirements } from '../guards/guards.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import { ownOptions } from '../options/option-table.ts'
import type { VerifierOptions } from '../options/options.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Operations } from './operations.ts'
import { Pipeline, requireAudience } from './pipeline.ts'

/** The result of `check`. Access is granted only if `ok` is true. */
export type VerificationResult<C extends object = object> =
  | { readonly ok: true; readonly outcome: 'granted'; readonly token: AccessToken<C> }
  | {
      readonly ok: false
      /** `unavailable`: the token could not be verified; try again later. */
      readonly outcome: 'refused' | 'unavailable'
      readonly code: Code
      /** For the operator's log. Don't send it to the caller. */
      readonly reason: string
      /** The claim at fault, such as `exp`. Absent if no single claim is at fault. Don't send it to the caller. */
      readonly claim?: string
    }

/**
 * How a client presented a token that is bound to a key. `createVerifier` does not see the request, so the
 * caller passes what proves the binding.
 *
 * @example
 * ```ts
 * import { createVerifier, type TokenPresentation } from '@resource-server/core'
 *
 * const verifier = createVerifier({ issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * export async function onUpgrade(jwt: string, proof: string): Promise<string> {
 *   const dpop = { proof, method: 'GET', url: 'https://api.example.com/socket' }
 *   const presentation: TokenPresentation = { dpop }
 *   return (await verifier.verify(jwt, presentation)).subject
 * }
 * ```
 */
export interface TokenPresentation {
  /** The DPoP proof, and the request that it must be for. `url` is the URL that the client used. */
  readonly dpop?: { readonly proof: string; readonly method: string; readonly url: string }
  /** The client's certificate in DER, from the TLS connection that carried the token. */
  readonly certificate?: Uint8Array
}

/**
 * Verifies access tokens without an HTTP framework, for example in WebSocket upgrades, gRPC services, or
 * queue consumers.
 */
export interface Verifier<C extends object = object> extends Operations {
  /**
   * Resolves to the access token. Throws otherwise, so an ignored result fails closed.
   *
   * @throws VerificationError with a `code`, and the category `refused` or `unavailable`
   *
   * @example
   * ```ts
   * import { createVerifier } from '@resource-server/core'
   *
   * const verifier = createVerifier({ issuer: 'https://as.example.com', audience: 'order-service' })
   *
   * export async function onMessage(message: { readonly token: string }): Promise<string> {
   *   const { subject } = await verifier.verify(message.token)
   *   return subject
   * }
   * ```
   */
  readonly verify: (jwt: string, presentation?: TokenPresentation) => Promise<AccessToken<C>>
  /**
   * Like `verify`, but returns the result instead of throwing. Rejects only if `presentation` is malformed, with a
   * `ConfigError`.
   */
  readonly check: (jwt: string, presentation?: TokenPresentation) => Promise<VerificationResult<C>>
}

/** Own members, so that nothing inherited counts as a requirement. */
const configured: Requirements = Object.freeze({ audience: undefined, delegation: undefined })

/**
 * Creates a verifier for one audience. It checks the signature, issuer, audience, lifetime, and the format
 * of every known claim (RFC 9068 section 4, RFC 8725).
 *
 * It does not detect bearer tokens that were used before, and it detects revoked tokens only with `revocation` or
 * `introspection`.
 *
 * @typeParam C The custom claims that the issuer adds. They are not validated: the type is only an assertion.
 * @throws ConfigError if the audience is missing or an option is invalid
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 *
 * const verifier = createVerifier({ issuer: 'https://as.example.com', audience: 'order-service' })
 *
 * export async function subjectOf(jwt: string): Promise<string | undefined> {
 *   const result = await verifier.check(jwt)
 *   return result.ok ? result.token.subject : undefined
 * }
 * ```
 */
export function createVerifier<C extends object = object>(options: VerifierOptions): Verifier<C> {
  const policy = createPolicy(options, 'verifier')
  requireAudience(policy, undefined, "Set audience: 'order-service'.")
  const pipeline = new Pipeline(policy)
  const reporter = createReporter(policy)
  const start = (jwt: string, given: TokenPresentation | undefined): Started => {
    const presentation = given === undefined ? plain : presentationOf(given)
    const trace: VerificationTrace = {}
    const stop = reporter.stopwatch()
    return { pending: pipeline.verify(jwt, configured, presentation, trace), trace, stop }
  }
  const report = ({ trace, stop }: Started, result: AccessToken | Refusal): void => {
    if (!reporter.hasListeners()) return
    const timing = stop()
    const refusal = result instanceof Refusal ? result : undefined
    const timings = timing ? [timing] : []
    const verificationMs = timing?.took
    reporter.reportLater(() =>
      buildRecord({ refusal, guards: [], trace, timings, verificationMs }, policy),
    )
  }
  const verifier: Verifier<C> = {
    verify: async (jwt: string, presentation?: TokenPresentation) => {
      const started = start(jwt, presentation)
      const { pending } = started
      const result = pending instanceof Promise ? await pending : pending
      report(started, result)
      if (result instanceof Refusal) throw new VerificationError(result)
      return result as AccessToken<C>
    },
    check: async (jwt: string, presentation?: TokenPresentation) => {
      const started = start(jwt, presentation)
      const { pending } = started
      const result = pending instanceof Promise ? await pending : pending
      report(started, result)
      return publicResult<C>(result)
    },
    ...pipeline.operations,
  }
  return Object.freeze(Object.assign(Object.create(missingGuards) as object, verifier))
}

/** A verification that may still wait for something. */
interface Started {
  readonly pending: MaybePromise<AccessToken | Refusal>
  readonly trace: VerificationTrace
  readonly stop: () => Timing | undefined
}

/** A token without anything that could prove a binding. */
const plain: Presentation = Object.freeze({
  scheme: 'Bearer',
  method: '',
  url: '',
  header: () => [],
  publicUrl: undefined,
  connection: undefined,
  certificate: undefined,
})

/** @throws ConfigError if a member is missing or of the wrong type */
function presentationOf(given: TokenPresentation): Presentation {
  const { dpop, certificate, ...unknown } = ownOptions(given, 'presentation member')
  const hasCertificate = certificate instanceof Uint8Array
  if (Object.keys(unknown).length > 0 || (certificate !== undefined && !hasCertificate)) {
    throw new ConfigError(
      "A presentation must contain 'dpop', 'certificate', or both.",
      'Pass the certificate in DER, as a Uint8Array.',
    )
  }
  const bytes = hasCertificate ? { certificate } : {}
  if (dpop === undefined) return { ...plain, ...bytes }
  const { proof, method, url } = ownOptions(dpop, 'dpop member')
  if (![proof, method, url].every((text) => typeof text === 'string' && text !== '')) {
    throw new ConfigError(
      "'dpop' must have a proof, a method, and a url.",
      "Pass { proof, method: 'GET', url: 'https://api.example.com/orders' }.",
    )
  }
  return {
    ...plain,
    ...bytes,
    scheme: 'DPoP',
    method: method as string,
    url: url as string,
    publicUrl: url as string,
    header: (name) => (name === 'dpop' ? [proof] : []),
  }
}

/** A verifier has no guards. Inherited, so that they are not members of a verifier. */
const missingGuards: object = Object.freeze(
  Object.fromEntries(
    Object.keys(guardExamples).map((name) => [
      name,
      () => {
        throw new ConfigError(
          `createVerifier() has no ${name}: guards are for requests.`,
          'Check the token that verify() returns, or use resourceServer() from the package for your framework.',
        )
      },
    ]),
  ),
)

function publicResult<C extends object>(result: AccessToken | Refusal): VerificationResult<C> {
  if (!(result instanceof Refusal)) {
    return { ok: true, outcome: 'granted', token: result as AccessToken<C> }
  }
  const { category, code, reason, detail } = result
  return { ok: false, outcome: category, code, reason, ...claimOf(detail) }
}
