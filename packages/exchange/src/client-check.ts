import { ActorTokens } from './actor-tokens.ts'
import type { DpopKey } from './dpop-key.ts'
import { exchangeForm, grantOf } from './form.ts'
import { forAssertion } from './dialects.ts'
import { readRefusal } from './refusal.ts'
import type { Settings } from './settings.ts'
import { failureOf, TokenEndpoint } from './token-endpoint.ts'

/**
 * Whether the authorization server accepts the client of a hop. `reason` is for the operator and contains no
 * secrets.
 */
export type ClientCheck = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** No server has issued it. */
const madeUpToken = 'made-up-token-of-a-client-check'

/** Requests an exchange of a made-up token. The server names what it does not accept: the client, or the token. */
export async function checkClient(settings: Settings, key: DpopKey): Promise<ClientCheck> {
  try {
    return await request(settings, new TokenEndpoint(settings, key))
  } catch (error) {
    return refused(failureOf(error, 'the token exchange failed').reason)
  }
}

async function request(settings: Settings, endpoint: TokenEndpoint): Promise<ClientCheck> {
  const { assertTo, audience, resource, scope, dpop } = settings
  const actor = settings.actorToken ? await new ActorTokens(settings, endpoint).get() : undefined
  if (typeof actor === 'object') return refused(actor.reason)
  const dialect = assertTo ? forAssertion(settings.dialect) : settings.dialect
  const target = { audience: assertTo ? [assertTo.issuer] : audience, resource, scope, dialect }
  const form = exchangeForm(target, madeUpToken, actor)
  const answer = await endpoint.request(grantOf(dialect), form, dpop !== false && !assertTo)
  if (answer.ok) return refused('the authorization server exchanged a made-up token')
  // As if it had worked before: then an `invalid_request` is about the token.
  const refusal = readRefusal(answer, { dialect, hasWorked: true, isBound: false })
  const { failure } = refusal
  // An error with an unknown code may be about anything.
  const isKnown = failure.code !== 'response_invalid' && answer.error !== 'invalid_scope'
  return refusal.scope === 'token' && isKnown ? { ok: true } : refused(failure.reason)
}

function refused(reason: string): ClientCheck {
  return { ok: false, reason }
}
