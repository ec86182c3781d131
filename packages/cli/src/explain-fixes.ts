import type { Code } from '@resource-server/core'
import type { ExplainedCheck } from '@resource-server/core/explain'

/** What to do about codes whose reasons only say what was seen and expected. */
const fixes: Partial<Readonly<Record<Code, string>>> = {
  actor_not_allowed:
    'Have the expected service exchange the token, or add this actor to requireActor.',
  audience_mismatch:
    "Have the client request a token for this service. If aud has another name for this service, add it to 'audience'.",
  claim_not_accepted: 'Have the issuer write the expected value, or change requireClaim.',
  client_not_allowed:
    'Have the expected client obtain the token, or add this client to requireClient.',
  key_not_found:
    'The token may be from another environment of the issuer. The command `keys` lists the keys that the issuer publishes.',
  lifetime_too_long: "Have the issuer issue shorter-lived tokens, or raise 'maxLifetime'.",
  role_insufficient: 'Assign the role at the issuer, and have it include roles in access tokens.',
  scope_insufficient:
    'Have the client request the scope, and allow it for the client at the issuer.',
  signature_invalid:
    'The token was changed, or another environment signed it with a key that has the same kid. Get a new token.',
  token_expired:
    'Have the client get a new token. If it just did, compare the clocks: doctor shows the difference.',
  token_not_yet_valid:
    'Compare the clocks: doctor shows the difference from the clock of the issuer.',
}

/** Reasons that say what to do have more than one sentence. */
export function withFix(check: ExplainedCheck): ExplainedCheck & { readonly fix?: string } {
  const fix = check.code && fixes[check.code]
  const saysWhatToDo = /\. [A-Z]/.test(check.detail)
  return fix === undefined || saysWhatToDo ? check : { ...check, fix }
}
