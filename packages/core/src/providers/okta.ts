import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import { oktaHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * An Okta custom authorization server, identified by its issuer URL.
 *
 * A token may also be valid for other services. In Okta, the audience is a setting of the
 * authorization server, so all APIs that use the server share it.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { okta } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: okta('https://example.okta.com/oauth2/default'),
 *   audience: 'api://default',
 * })
 *
 * @throws ConfigError for the org authorization server, whose tokens cannot be verified locally, and for a
 * second argument
 */
export function okta(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('okta(url)', more)
  if (!/\/oauth2\/[^/]+$/.test(issuer)) {
    throw new ConfigError(
      `'${issuer}' is not the URL of an Okta custom authorization server.`,
      "Write okta('https://<domain>/oauth2/<server id>'), such as …/oauth2/default. Access tokens of the " +
        'org authorization server are for Okta itself and cannot be verified locally.',
    )
  }
  return { issuer, profile }
}

const profile: Profile = {
  name: 'okta',
  // The header contains only kid and alg: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/
  types: [undefined, 'jwt', 'at+jwt', 'application/at+jwt'],
  clientClaims: ['cid', 'client_id'],
  // scp is a list. Tokens of agents have scope instead, a string:
  // https://developer.okta.com/docs/guides/ai-agent-token-exchange/
  scopeClaims: ['scp', 'scope'],
  // ID tokens do not have these claims: https://developer.okta.com/docs/concepts/oauth-claims/
  requiredClaims: [['scp', 'scope']],
  ignoredAudiences: [],
  // An exchange on behalf of a user does not write act. In an exchange for agents, every actor is a client:
  // https://developer.okta.com/docs/guides/ai-agent-token-exchange/
  actorSubjectIsClient: true,
  // Present if an administrator added the claim: https://developer.okta.com/docs/guides/customize-tokens-groups-claim/
  roles: [{ path: ['groups'] }],
  hints: oktaHints,
}
