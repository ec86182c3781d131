/** A requirement on every host. */
export interface Requirement {
  /** An RFC and its section, or a section or rule of this project's design. */
  readonly source: string
  readonly text: string
}

export type RequirementId =
  | 'header-only'
  | 'scheme-case'
  | 'header-case'
  | 'other-schemes'
  | 'credential-syntax'
  | 'one-credential'
  | 'other-source'
  | 'cookie-syntax'
  | 'cookie-origin'
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
  | 'audience'
  | 'token-claims'
  | 'token-type'
  | 'bound-token'
  | 'dpop'
  | 'revocation'
  | 'introspection'
  | 'scope-grammar'
  | 'current-actor'
  | 'resource-metadata'
  | 'metadata-challenge'
  | 'custom-body'
  | 'attached-token'
  | 'spoofed-auth'
  | 'all-guards'
  | 'fail-closed'
  | 'thrown-refusal'
  | 'optional'
  | 'ignored-schemes'
  | 'preflight'
  | 'head'
  | 'connection'
  | 'one-record'
  | 'http-parser'
  | 'config-error'

const requirement = (source: string, text: string): Requirement => ({ source, text })

export const requirements: Readonly<Record<RequirementId, Requirement>> = {
  // The credential
  'header-only': requirement(
    'RFC 6750 section 2',
    'A token is accepted only in the Authorization header.',
  ),
  'scheme-case': requirement('RFC 9110 section 11.1', 'The scheme is case-insensitive.'),
  'header-case': requirement('RFC 9110 section 5.1', 'The name of the header is case-insensitive.'),
  'other-schemes': requirement(
    'RFC 6750 section 3.1',
    'Another scheme is not a credential for this resource: 401 without an error code.',
  ),
  'credential-syntax': requirement(
    'RFC 6750 section 2.1',
    'Bearer is followed by one space and one token; anything else is 400 invalid_request.',
  ),
  'one-credential': requirement(
    'RFC 6750 section 3.1',
    'Two credentials, in two headers or joined by a comma, are 400 invalid_request.',
  ),
  'other-source': requirement(
    'RFC 6750 section 2',
    'With credential, a token is accepted only from that cookie or header, and Authorization is refused.',
  ),
  'cookie-syntax': requirement(
    'RFC 6265 section 4.2.1',
    'The cookie is matched by its exact name, and a request that has it twice is 400 invalid_request.',
  ),
  'cookie-origin': requirement(
    'RFC 6265 section 8.2',
    'A request with a cookie is 403 if a page on another site may have caused it, unless the request changes nothing.',
  ),

  // The response
  'bare-challenge': requirement(
    'RFC 6750 section 3.1',
    'The challenge for a request without a credential has no error code.',
  ),
  'invalid-token': requirement('RFC 6750 section 3.1', 'An invalid token is 401 invalid_token.'),
  'insufficient-scope': requirement(
    'RFC 6750 section 3.1',
    'A token without a required scope is 403, with all scopes that the route requires.',
  ),
  'policy-refusal': requirement(
    'RFC 9110 section 15.5.4',
    'A token that a policy refuses is 403 without an error code.',
  ),
  'step-up': requirement(
    'RFC 9470 section 3',
    'Authentication that is too weak or too old is 401 insufficient_user_authentication, with what is required.',
  ),
  outage: requirement(
    'RFC 9110 section 15.6.4',
    'If the keys are unavailable, the response is 503 without a challenge, never 401.',
  ),
  'no-store': requirement('RFC 9111 section 5.2.2.5', 'A refusal must not be cached.'),
  'problem-details': requirement(
    'RFC 9457 section 3',
    'The body of a refusal is application/problem+json.',
  ),
  quoting: requirement('RFC 9110 section 5.6.4', 'Values in a challenge are quoted and escaped.'),
  'no-oracle': requirement(
    'RFC 8725 section 3.8, design rule 13',
    'Until the signature is verified, the caller sees the same response for every refusal.',
  ),
  'no-secrets': requirement(
    'RFC 6750 section 5.3',
    'Responses and records do not contain the token.',
  ),

  // The token
  audience: requirement(
    'RFC 9068 section 4',
    'A token is accepted only by an audience that it names.',
  ),
  'token-claims': requirement(
    'RFC 9068 section 4, RFC 7519 section 4.1',
    'A token with a claim that is malformed, missing, or outside its validity period is refused.',
  ),
  'token-type': requirement(
    'RFC 8725 section 3.11',
    'A token of another type is not accepted as an access token.',
  ),
  dpop: {
    source: 'RFC 9449 section 7.1',
    text: 'A token that is bound with DPoP is accepted with a valid proof, once.',
  },
  'bound-token': requirement(
    'RFC 9449 section 7.2',
    'A token that is bound to a key is not accepted as a bearer token.',
  ),
  revocation: requirement(
    'design rule 19',
    'A revoked token is 401 invalid_token. If it is not known whether a token was revoked, the response is 503.',
  ),
  introspection: requirement(
    'RFC 7662 section 2.2',
    'An opaque token is accepted if its issuer says that it is active and meant for this service.',
  ),
  'scope-grammar': requirement(
    'RFC 6749 section 3.3',
    'Scopes are separated only by spaces and compared exactly.',
  ),
  'current-actor': requirement('RFC 8693 section 4.1', 'Policy considers only the current actor.'),

  // What the resource server publishes about itself
  'resource-metadata': requirement(
    'RFC 9728 section 3',
    'The metadata is served at the configured well-known path, without authentication.',
  ),
  'metadata-challenge': requirement(
    'RFC 9728 section 5.1',
    'Every challenge contains the configured URL of the metadata.',
  ),
  'custom-body': requirement(
    'design section 2',
    'A custom body changes neither the status nor the challenge, even if it cannot be created.',
  ),

  // The host
  'attached-token': requirement(
    'design section 2',
    'The handler receives the token of its own request.',
  ),
  'spoofed-auth': requirement(
    'design section 2',
    'A value that other code attached to the request is ignored.',
  ),
  'all-guards': requirement('design section 2', 'All guards of a route must pass, in order.'),
  'fail-closed': requirement(
    'design section 6',
    'If a policy function throws or a guard is misused, the framework responds with 500 and the handler does not run.',
  ),
  'thrown-refusal': requirement(
    'design section 2',
    "With onRefusal: 'throw', the framework's error handling receives the status and the challenge.",
  ),
  optional: requirement(
    'design rule 6',
    'With optional: true, a request without a credential is anonymous, and an invalid credential is refused.',
  ),
  'ignored-schemes': requirement(
    'RFC 9110 section 11.4',
    'With ignoreOtherSchemes, a credential of another scheme counts as none, and nothing else does.',
  ),
  preflight: requirement(
    'design rule 16',
    'Only a CORS preflight passes without a token, and only with allowPreflight.',
  ),
  head: requirement(
    'RFC 9110 section 9.3.2',
    'A HEAD request gets the same decision as a GET request, and the response has no body.',
  ),
  connection: requirement(
    'RFC 9112 section 9.3',
    'Requests on one connection share neither a credential nor a decision.',
  ),
  'one-record': requirement(
    'design section 4',
    'Each request has exactly one decision record, which contains its checks.',
  ),
  'http-parser': requirement(
    'RFC 9112 section 5',
    'Malformed HTTP is refused by the host before any guard runs.',
  ),
  'config-error': requirement(
    'design rule 7',
    'A guard without a requirement fails at construction.',
  ),
}
