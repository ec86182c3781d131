import { ConfigError } from '../errors/refusal.ts'
import { type Clock, schedule } from '../lib/clock.ts'
import { own } from '../lib/json.ts'
import {
  checkNames,
  type OptionObject,
  ownOptions,
  type ReadContext,
  readOptions,
  readRows,
} from '../options/option-table.ts'
import { requireDiscovery } from './read-option.ts'
import {
  issuerOptions,
  type IssuerSettings,
  resourceServerOptions,
  type ServerSettings,
  verifierOptions,
  type VerifierSettings,
} from './option-tables.ts'
import { requirePrefixes } from './connections.ts'
import {
  type CredentialRule,
  credentialRule,
  isOnlySource,
  requireBearerOnly,
} from './credential.ts'
import type { DpopSettings } from './dpop.ts'
import { type PublicUrls, publicUrlsOf } from './public-url.ts'

/** How one issuer's tokens are verified. Every member has its final value. */
export type IssuerPolicy = IssuerSettings

/** All options with their defaults filled in. Frozen. */
export interface Policy
  extends
    Omit<VerifierSettings, 'issuers' | 'resolveIssuer'>,
    Omit<ServerSettings, 'publicUrl' | 'prefix' | 'credential'> {
  readonly publicUrls: PublicUrls
  /** `undefined`: tokens are in `Authorization`. */
  readonly credential: CredentialRule | undefined
  readonly issuers: ReadonlyMap<string, IssuerPolicy>
  /** Called for an issuer that is not one of `issuers`. */
  readonly resolveIssuer: ((issuer: string) => Promise<IssuerPolicy | undefined>) | undefined
  readonly schedule: NonNullable<Clock['schedule']>
}

const passIssuer = "Pass at least { issuer: 'https://as.example.com' }."

const issuerNames: readonly string[] = Object.keys(issuerOptions)
const verifierNames: readonly string[] = [...issuerNames, ...Object.keys(verifierOptions)]
const optionNames: Readonly<Record<'verifier' | 'resource server', readonly string[]>> = {
  verifier: verifierNames,
  'resource server': [...verifierNames, ...Object.keys(resourceServerOptions)],
}

/**
 * Turns options into a validated, frozen policy.
 *
 * @param kind a resource server has options that a verifier without HTTP has no use for
 * @throws ConfigError
 */
export function createPolicy(given: unknown, kind: keyof typeof optionNames): Policy {
  const options = ownOptions(given, 'option', passIssuer)
  checkUse(options, kind)
  checkNames(options, optionNames[kind], 'option')
  const context = { allowInsecureHttp: own(options, 'allowInsecureHttp') === true }
  const { issuers: list, resolveIssuer, ...verifier } = readRows(verifierOptions, options, context)
  const { publicUrl, prefix, credential, ...server } = readRows(
    resourceServerOptions,
    options,
    context,
  )
  requireEffect(server)
  const setsDpop = Object.hasOwn(options, 'dpop')
  const withoutAuthorization = isOnlySource(credential)
  if (withoutAuthorization) {
    requireBearerOnly({ ...server, ...verifier, wantsDpop: setsDpop && !!verifier.dpop })
  }
  const { clock } = verifier
  const publicUrls = publicUrlsOf(publicUrl, prefix, server.resource?.identifier)
  const dpop =
    kind === 'verifier'
      ? withoutNonces(verifier.dpop)
      : dpopAt(publicUrls, withoutAuthorization ? undefined : verifier.dpop, setsDpop)
  const issuers = issuerPolicies(issuerEntries(options, list, resolveIssuer), context)
  requirePrefixes([...issuers.values()], resolveIssuer !== undefined)
  return Object.freeze({
    ...verifier,
    ...server,
    dpop,
    publicUrls,
    credential: credentialRule(credential, publicUrls),
    issuers,
    resolveIssuer: resolveIssuer && issuerResolver(resolveIssuer, options, context),
    schedule: clock.schedule?.bind(clock) ?? schedule,
  })
}

/** @throws ConfigError for an option that has no effect because of another one */
function requireEffect({
  ignoreOtherSchemes,
  optional,
  refusalBody,
  onRefusal,
}: Pick<ServerSettings, 'ignoreOtherSchemes' | 'optional' | 'refusalBody' | 'onRefusal'>): void {
  if (ignoreOtherSchemes && !optional) {
    throw new ConfigError(
      "'ignoreOtherSchemes' has no effect without optional: true.",
      'Set optional: true, or leave ignoreOtherSchemes out.',
    )
  }
  if (refusalBody && onRefusal === 'throw') {
    throw new ConfigError(
      "'refusalBody' has no effect with onRefusal: 'throw'.",
      'Write the response in your error handler, or leave onRefusal out.',
    )
  }
}

/** A proof names the URL of the request, so DPoP requires a URL to compare it with. */
function dpopAt(
  { origins }: PublicUrls,
  dpop: DpopSettings | undefined,
  isExplicit: boolean,
): DpopSettings | undefined {
  if (origins.length > 0 || !dpop) return dpop
  if (!isExplicit) return undefined
  throw new ConfigError(
    "'dpop' requires the URL that clients use for this service.",
    "Set publicUrl: 'https://api.example.com', or dpop: 'off'.",
  )
}

/** Only a response can carry a new nonce. */
function withoutNonces(dpop: DpopSettings | undefined): DpopSettings | undefined {
  if (!dpop?.nonceSecrets) return dpop
  throw new ConfigError(
    "'dpop.nonceSecret' has no effect without HTTP.",
    'Use it with a resource server, or leave it out.',
  )
}

/** Explains names that exist, but not as options of this kind. */
function checkUse(options: OptionObject, kind: keyof typeof optionNames): void {
  const guard = Object.keys(options).find((name) => name.startsWith('require'))
  if (guard !== undefined) {
    throw new ConfigError(
      `Unknown option '${guard}': guards are not options.`,
      'Use the guards that resourceServer() returns, or check the token that verify() returns.',
    )
  }
  const forRequests = Object.keys(resourceServerOptions).find((name) =>
    Object.hasOwn(options, name),
  )
  if (kind === 'verifier' && forRequests !== undefined) {
    throw new ConfigError(
      `Unknown option '${forRequests}': createVerifier() does not handle requests.`,
      'Leave it out, or use resourceServer() from the package for your framework.',
    )
  }
}

function issuerPolicies(
  entries: readonly OptionObject[],
  context: ReadContext,
): ReadonlyMap<string, IssuerPolicy> {
  const policies = new Map<string, IssuerPolicy>()
  for (const entry of entries) {
    const policy = issuerPolicy(entry, context)
    if (policies.has(policy.issuer)) {
      throw new ConfigError(
        `The issuer '${policy.issuer}' is configured twice.`,
        'Configure each issuer once.',
      )
    }
    policies.set(policy.issuer, policy)
  }
  return policies
}

/** The options of each configured issuer: its own, and the common ones that it does not set. */
function issuerEntries(
  options: OptionObject,
  issuers: VerifierSettings['issuers'],
  resolveIssuer: VerifierSettings['resolveIssuer'],
): readonly OptionObject[] {
  const common = commonOptions(options)
  if (!issuers) {
    const onlyResolved = resolveIssuer !== undefined && !Object.hasOwn(options, 'issuer')
    return onlyResolved ? [] : [singleIssuer(common)]
  }
  const single = ['issuer', ...singleOptions].find((name) => Object.hasOwn(options, name))
  if (single) {
    throw new ConfigError(
      `'issuers' and '${single}' cannot be combined.`,
      `Move '${single}' into an entry of 'issuers'.`,
    )
  }
  return issuers.map((entry) => {
    const given = typeof entry === 'string' ? { issuer: entry } : ownIssuerOptions(entry)
    return { ...common, ...given }
  })
}

/** Where one issuer's keys come from. At most one of them is set, and never for several issuers. */
const keyOptions = ['metadataUri', 'jwksUri', 'jwks'] as const

/** What belongs to one issuer, and never to several. */
const singleOptions = [...keyOptions, 'introspection'] as const

function commonOptions(options: OptionObject, except: readonly string[] = []): OptionObject {
  const given = issuerNames.filter((name) => Object.hasOwn(options, name) && !except.includes(name))
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

/** `issuer: keycloak(url)` is an object of that issuer's own options. */
function singleIssuer(common: OptionObject): OptionObject {
  const issuer = own(common, 'issuer')
  if (typeof issuer !== 'object' || issuer === null || Array.isArray(issuer)) return common
  return { ...common, ...ownIssuerOptions(issuer) }
}

function ownIssuerOptions(given: unknown): OptionObject {
  const options = ownOptions(given, 'issuer option', passIssuer)
  checkNames(options, issuerNames, 'issuer option')
  return options
}

/**
 * Merges the result of `resolveIssuer` with the common options. The result must be for the issuer that the
 * function was called with.
 */
function issuerResolver(
  resolveIssuer: (issuer: string) => unknown,
  options: OptionObject,
  context: ReadContext,
): Policy['resolveIssuer'] {
  const common = commonOptions(options, ['issuer', ...singleOptions])
  return async (iss) => {
    const given = await resolveIssuer(iss)
    if (given === undefined) return undefined
    const policy = issuerPolicy({ ...common, ...ownIssuerOptions(given) }, context)
    if (policy.introspection) {
      throw new ConfigError(
        "'introspection' is not available for issuers that resolveIssuer returns.",
        "Configure the issuer in 'issuers'.",
      )
    }
    if (policy.issuer === iss) return policy
    throw new ConfigError(
      'resolveIssuer returned a different issuer.',
      'Return { issuer } exactly as it was passed in.',
    )
  }
}

function issuerPolicy(options: OptionObject, context: ReadContext): IssuerPolicy {
  const settings = readOptions(issuerOptions, options, 'issuer option', context)
  const [first, second] = keyOptions.filter((name) => settings[name] !== undefined)
  if (second) {
    throw new ConfigError(`'${first}' and '${second}' cannot be combined.`, 'Remove one of them.')
  }
  if (!first) requireDiscovery(settings.issuer, context)
  return Object.freeze(settings)
}
