import type { TokenEndpointGrantContext } from 'oidc-provider'
import { errors, type Provider } from './oidc-provider.ts'
import { type ExchangeRule, exchangeRules, lifetimes } from './policy.ts'
import { resourceServerFor } from './resources.ts'
import type { SubjectToken, VerifySubjectToken } from './subject-token.ts'

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

/** The parameters of RFC 8693 section 2.1. oidc-provider ignores parameters that are not listed here. */
const PARAMETERS = [
  'audience',
  'scope',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'actor_token',
  'actor_token_type',
  'resource',
] as const

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>
type Context = TokenEndpointGrantContext<Parameters>

/** Adds the token exchange grant (RFC 8693) to oidc-provider. */
export function registerTokenExchange(provider: Provider, verify: VerifySubjectToken): void {
  // oidc-provider passes no `next` to a grant handler. Calling it would result in a 500.
  provider.registerGrantType<Parameters>(GRANT_TYPE, (ctx) => exchange(ctx, verify), PARAMETERS)
}

async function exchange(ctx: Context, verify: VerifySubjectToken): Promise<void> {
  const { provider, client, params } = ctx.oidc
  checkParameters(params)
  const subject = await verify(params.subject_token ?? '', client.clientId)
  checkMayAct(subject, client.clientId)
  const rule = ruleFor(client.clientId, params.audience)
  const scope = coveredScope(rule, params.scope, subject)

  const token = new provider.AccessToken({
    client,
    accountId: subject.subject,
    resourceServer: resourceServerFor(provider, rule.audience),
    scope,
    // The new token must not outlive the subject token.
    expiresIn: Math.min(subject.secondsLeft, lifetimes.accessToken),
    // JWT access tokens are not stored, so there is no stored grant to refer to.
    grantId: subject.id,
    gty: GRANT_TYPE,
    // RFC 8693 section 4.1: the outermost `act` is the current actor, nested ones are prior actors.
    extra: { act: { sub: client.clientId, ...(subject.act && { act: subject.act }) } },
  })
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
  }
}

type ParameterCheck = readonly [fails: (params: Parameters) => boolean, refusal: () => Error]

const { InvalidRequest, InvalidScope, InvalidTarget } = errors

const parameterChecks: readonly ParameterCheck[] = [
  [(p) => p.subject_token === undefined, () => new InvalidRequest('subject_token is missing')],
  [
    (p) => p.subject_token_type !== ACCESS_TOKEN,
    () => new InvalidRequest(`subject_token_type must be ${ACCESS_TOKEN}`),
  ],
  [
    (p) => (p.requested_token_type ?? ACCESS_TOKEN) !== ACCESS_TOKEN,
    () => new InvalidRequest('only access tokens are issued'),
  ],
  [
    (p) => (p.actor_token ?? p.actor_token_type) !== undefined,
    () => new InvalidRequest('actor_token is not supported: the actor is the authenticated client'),
  ],
  [
    (p) => p.resource !== undefined,
    () => new InvalidTarget('resource is not supported: name the target with audience'),
  ],
]

function checkParameters(params: Parameters): void {
  const failed = parameterChecks.find(([fails]) => fails(params))
  if (failed) throw failed[1]()
}

/** RFC 8693 section 4.4: if the subject token has `may_act`, only the client named there may act. */
function checkMayAct({ mayAct }: SubjectToken, clientId: string): void {
  if (mayAct && mayAct.sub !== clientId) {
    throw new InvalidRequest('may_act in the subject token names another client')
  }
}

function ruleFor(client: string, audience: string | undefined): ExchangeRule {
  const rule = exchangeRules.find((r) => r.client === client && r.audience === audience)
  if (!rule) throw new InvalidTarget('this client may not exchange tokens for this audience')
  return rule
}

/**
 * Returns the requested scope if the subject token covers all of it. A request without scope is
 * refused, as RFC 6749 section 3.3 allows.
 */
function coveredScope(rule: ExchangeRule, requested = '', { scopes }: SubjectToken): string {
  for (const scope of requested.split(' ')) {
    const required = rule.scopes.get(scope)
    if (required === undefined || !scopes.has(required)) {
      throw new InvalidScope('the subject token does not cover the requested scope', scope)
    }
  }
  return requested
}
