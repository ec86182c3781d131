/** What is asked of every host, and where that is written. */
export interface Requirement {
  /** An RFC with its section, or a rule of this project's design. */
  readonly source: string
  readonly text: string
}

export type RequirementId =
  | 'one-transport'
  | 'scheme-case'
  | 'header-case'
  | 'other-schemes'
  | 'credential-syntax'
  | 'one-credential'
  | 'bare-challenge'
  | 'invalid-token'
  | 'insufficient-scope'
  | 'policy-refusal'
  | 'step-up'
  | 'outage'
  | 'no-store'
  | 'problem-details'
  | 'quoting'
  | 'no-oracle'
  | 'no-secrets'
  | 'token-for-us'
  | 'token-claims'
  | 'token-kind'
  | 'bound-token'
  | 'scope-grammar'
  | 'resource-metadata'
  | 'metadata-challenge'
  | 'own-body'
  | 'current-actor'
  | 'attached-token'
  | 'nothing-planted'
  | 'guards-in-turn'
  | 'errors-stay-closed'
  | 'thrown'
  | 'optional'
  | 'preflight'
  | 'head'
  | 'connection'
  | 'one-record'
  | 'host-parser'
  | 'config-error'

const from =
  (source: string) =>
  (text: string): Requirement => ({ source, text })

export const requirements: Readonly<Record<RequirementId, Requirement>> = {
  // The credential
  'one-transport': from('RFC 6750 section 2')(
    'A token is taken from the Authorization header and from nowhere else.',
  ),
  'scheme-case': from('RFC 9110 section 11.1')('The scheme is compared without regard to case.'),
  'header-case': from('RFC 9110 section 5.1')('A header is found under any spelling of its name.'),
  'other-schemes': from('RFC 6750 section 3.1')(
    'Another scheme is no credential for this resource: 401 without an error code.',
  ),
  'credential-syntax': from('RFC 6750 section 2.1')(
    'What follows Bearer is one space and one token; anything else is 400 invalid_request.',
  ),
  'one-credential': from('RFC 6750 section 3.1')(
    'Two credentials, in two headers or joined into one, are 400 invalid_request.',
  ),

  // The answer
  'bare-challenge': from('RFC 6750 section 3.1')(
    'A request without a credential is challenged without an error code.',
  ),
  'invalid-token': from('RFC 6750 section 3.1')('A token that is not valid is 401 invalid_token.'),
  'insufficient-scope': from('RFC 6750 section 3.1')(
    'A token that lacks a scope is 403, naming all scopes that the route requires.',
  ),
  'policy-refusal': from('RFC 9110 section 15.5.4')(
    'A token that a policy turns down is 403 without an error code.',
  ),
  'step-up': from('RFC 9470 section 3')(
    'A sign-in too weak or too old is 401 insufficient_user_authentication, saying what is asked for.',
  ),
  outage: from('RFC 9110 section 15.6.4')(
    'Where the keys cannot be had, the answer is 503 without a challenge, and never 401.',
  ),
  'no-store': from('RFC 9111 section 5.2.2.5')('No cache keeps a refusal.'),
  'problem-details': from('RFC 9457 section 3')(
    'The body of a refusal is application/problem+json.',
  ),
  quoting: from('RFC 9110 section 5.6.4')('No value leaves its quotes in a challenge.'),
  'no-oracle': from('RFC 8725 section 3.8, design rule 13')(
    'Before the signature holds, all refusals read the same to the caller.',
  ),
  'no-secrets': from('RFC 6750 section 5.3')('No token is in an answer or in a record.'),

  // The token
  'token-for-us': from('RFC 9068 section 4')('A token is taken by the audience it names only.'),
  'token-claims': from('RFC 9068 section 4, RFC 7519 section 4.1')(
    'A claim that is malformed, missing or out of its time refuses the token.',
  ),
  'token-kind': from('RFC 8725 section 3.11')('What is no access token is not taken for one.'),
  'bound-token': from('RFC 9449 section 7.2')('A token bound to a key is no bearer token.'),
  'scope-grammar': from('RFC 6749 section 3.3')(
    'Scopes are split on spaces alone, and compared exactly.',
  ),
  'current-actor': from('RFC 8693 section 4.1')('Policy looks at the current actor alone.'),

  // What the resource server says of itself
  'resource-metadata': from('RFC 9728 section 3')(
    'The metadata is at the well-known path, as configured, and open to everybody.',
  ),
  'metadata-challenge': from('RFC 9728 section 5.1')(
    'Every challenge says where the metadata is, going by what is configured.',
  ),
  'own-body': from('design section 2')(
    'A body of the user changes neither status nor challenge, also where it cannot be written.',
  ),

  // The host
  'attached-token': from('design section 2')('The handler gets the token of its own request.'),
  'nothing-planted': from('design section 2')(
    'What somebody else attached to the request is never believed.',
  ),
  'guards-in-turn': from('design section 2')('All guards of a route hold, in their order.'),
  'errors-stay-closed': from('design section 6')(
    'Misuse and what a policy function throws are the 500 of the host; the handler does not run.',
  ),
  thrown: from('design section 2')(
    'Told to throw, refusals reach the error handling of the host with status and challenge.',
  ),
  optional: from('design rule 6')(
    'Optional lets an absent credential through as anonymous, and never a bad one.',
  ),
  preflight: from('design rule 16')(
    'A CORS preflight passes only where that is asked for, and nothing else passes with it.',
  ),
  head: from('RFC 9110 section 9.3.2')('HEAD is judged as GET is, and answered without a body.'),
  connection: from('RFC 9112 section 9.3')(
    'Requests that share a connection share no credential and no verdict.',
  ),
  'one-record': from('design section 4')('Each request leaves one record, with its checks.'),
  'host-parser': from('RFC 9112 section 5')(
    'What is no HTTP is turned down by the host before any guard is asked.',
  ),
  'config-error': from('design rule 7')('A guard that asks for nothing dies at construction.'),
}
