import type { Dialect } from './dialects.ts'
import type { Settings } from './settings.ts'
import type { Form } from './token-endpoint.ts'

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

type ExchangeSettings = Pick<Settings, 'dialect' | 'audience' | 'resource' | 'scope'>

export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const grants: Readonly<Record<Dialect['grant'], string>> = {
  'token-exchange': 'urn:ietf:params:oauth:grant-type:token-exchange',
  'on-behalf-of': jwtBearer,
}

export function grantOf({ grant }: Dialect): string {
  return grants[grant]
}

type Builder = (
  settings: ExchangeSettings,
  subjectToken: string,
  actorToken: string | undefined,
) => Form

const forms: Readonly<Record<Dialect['grant'], Builder>> = {
  // RFC 8693 section 2.1. A parameter may repeat.
  'token-exchange': ({ dialect, audience, resource }, subjectToken, actorToken) => [
    ['subject_token', subjectToken],
    ['subject_token_type', dialect.subjectTokenType ?? accessToken],
    ...optional('requested_token_type', dialect.requestedTokenType),
    ...optional('actor_token', actorToken),
    ...optional('actor_token_type', actorToken === undefined ? undefined : accessToken),
    ...audience.map((name) => ['audience', name] as const),
    ...resource.map((name) => ['resource', name] as const),
  ],
  // RFC 7523 section 2.1, with the parameter of Entra.
  'on-behalf-of': (_settings, subjectToken) => [
    ['assertion', subjectToken],
    ['requested_token_use', 'on_behalf_of'],
  ],
}

/** The parameters of an exchange, except those of the client. */
export function exchangeForm(
  settings: ExchangeSettings,
  subjectToken: string,
  actorToken: string | undefined,
): Form {
  const { dialect, scope } = settings
  const form = forms[dialect.grant](settings, subjectToken, actorToken)
  return [...form, ...optional('scope', scope.length > 0 ? scope.join(' ') : undefined)]
}

/** RFC 7523 section 2.1. */
export function assertionForm(assertion: string, scope: readonly string[]): Form {
  return [['assertion', assertion], ...optional('scope', scope.join(' ') || undefined)]
}

function optional(name: string, value: string | undefined): Form {
  return value === undefined ? [] : [[name, value]]
}
