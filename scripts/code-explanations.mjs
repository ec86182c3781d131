// What each code means, what usually causes it, and what to do. docs/codes.md is generated from this and from the
// table of codes in core.

/** @typedef {{ meaning: string, causes: readonly (readonly [cause: string, fix: string])[] }} Explanation */

const sendToken = 'Send the access token in `Authorization: Bearer <token>`.'

/** @type {Readonly<Record<import('@resource-server/core').Code, Explanation>>} */
export const explanations = {
  credential_missing: {
    meaning:
      'The request has no `Authorization` header, or no token in the place that `credential` names.',
    causes: [
      ['The client did not send the token, or a proxy removed the header.', sendToken],
      [
        'Other code set `req.headers.authorization`. Only the headers that the client sent count.',
        'Send the header from the client. For a token from a cookie or another header, see [Tokens from a cookie or another header](credentials.md).',
      ],
      [
        'The client sent the token in `Authorization`, which is not read if `credential` is set.',
        'Send the token in the cookie or header that `credential` names, or leave `credential` out.',
      ],
      [
        'A browser sent a CORS preflight, and the CORS middleware runs after the guard.',
        'Register the CORS middleware before the guards.',
      ],
    ],
  },
  credential_scheme_unsupported: {
    meaning: 'The `Authorization` header has a scheme other than `Bearer` or `DPoP`.',
    causes: [
      ['The client sent `Basic`, or a token without a scheme.', sendToken],
      [
        "The client sent `DPoP`, and DPoP is off: neither `publicUrl` nor `resource` is set, or `dpop` is `'off'`.",
        'Set `publicUrl`, and leave `dpop` out. See [Bound tokens](bound-tokens.md).',
      ],
      [
        'The route accepts a second scheme.',
        'Set `optional` and `ignoreOtherSchemes`, and check the other scheme yourself.',
      ],
    ],
  },
  credential_repeated: {
    meaning: 'The request has more than one credential, so it is unclear which one counts.',
    causes: [
      [
        'A proxy added its own `Authorization` header to the one from the client.',
        'Configure the proxy to replace the header.',
      ],
      ['The client joined two values with a comma.', 'Send one scheme and one token.'],
      [
        '`credential` is set, and the request also has an `Authorization` header or has the cookie twice, for example because the cookie was set for two paths.',
        'Send one of them. If the name has the `__Host-` prefix, a browser keeps only one cookie of that name.',
      ],
    ],
  },
  credential_malformed: {
    meaning:
      'The scheme is not followed by one space and one token, or the value of the cookie or header that `credential` names is not a token.',
    causes: [
      [
        'A variable was empty, so the client sent `Bearer` alone.',
        'Check the variable in the client.',
      ],
      [
        'The token is in quotes or contains spaces or line breaks.',
        'Send the token as the issuer returned it.',
      ],
    ],
  },
  origin_not_allowed: {
    meaning:
      'The token is in a cookie, and the request may come from another site. See [Cross-site requests](credentials.md#cross-site-requests).',
    causes: [
      [
        'Your front end and the API have different origins.',
        "Add the origin of the front end: `fromCookie('__Host-session', { origins: ['https://app.example.com'] })`.",
      ],
      [
        'The client is not a browser, and sends neither `Origin` nor `Sec-Fetch-Site`.',
        'Have it send the `Origin` of your front end, or use `Authorization` for such clients.',
      ],
      ['A page on another site sent the request.', 'Nothing. This is what the check is for.'],
    ],
  },
  token_too_large: {
    meaning: 'The token is longer than `maxTokenBytes` (8 KiB by default).',
    causes: [
      [
        'The issuer writes many roles or groups into the token.',
        'Configure it to write fewer, or raise `maxTokenBytes`.',
      ],
    ],
  },
  token_malformed: {
    meaning: 'The token is not a compact JWS: three segments of canonical base64url.',
    causes: [
      [
        'The issuer issued an opaque token. Auth0 does so if the client requests no API, and Ory Hydra, Better Auth, and ZITADEL do so by default.',
        'Configure the issuer to issue JWTs, or use [introspection](introspection.md). If the provider is configured by name, such as `auth0(domain)`, the reason names the setting.',
      ],
      [
        'The client sent `undefined` or `null`, or sent `Bearer` twice.',
        'Check the variable in the client.',
      ],
      ['The token was cut off in a log or a form.', 'Copy it again.'],
      [
        'The token has no signature, as with `alg: none`.',
        'Configure the issuer to sign its tokens. A token without a signature is never accepted.',
      ],
    ],
  },
  token_encrypted: {
    meaning: 'The token is encrypted (a JWE with five segments).',
    causes: [
      [
        'The issuer encrypts access tokens for this API.',
        'Configure it to sign them without encrypting them.',
      ],
      [
        'Auth0 issued a token that is not for any API.',
        'Have the client send the `audience` parameter.',
      ],
    ],
  },
  header_malformed: {
    meaning:
      'The header of the token is not a JSON object with a string `alg`, or it repeats a member.',
    causes: [
      ['The token was changed or built by hand.', 'Send the token as the issuer returned it.'],
    ],
  },
  payload_malformed: {
    meaning:
      'The payload of the token is not a JSON object, or it repeats a member. The reason names the member.',
    causes: [
      ['The token was changed or built by hand.', 'Send the token as the issuer returned it.'],
      ['Two mappers at the issuer write the same claim.', 'Remove one of the mappers.'],
    ],
  },
  header_unsupported: {
    meaning: 'The header contains `crit`, `b64`, `zip`, or `enc`, or the payload is another JWT.',
    causes: [
      [
        'The token has an extension that this library does not implement.',
        'Configure the issuer to leave it out.',
      ],
    ],
  },
  type_not_accepted: {
    meaning: "The token's `typ` is not one that the profile accepts.",
    causes: [
      ['The client sent another kind of token, such as a refresh token.', 'Send the access token.'],
      [
        'The issuer writes an unusual `typ`.',
        'Add it to the profile: `extend(defaultProfile, { types: [ … ] })`.',
      ],
      [
        'Okta: the token is from the org authorization server. Its `typ` is `application/okta-internal-at+jwt`.',
        'Use a custom authorization server.',
      ],
    ],
  },
  algorithm_not_allowed: {
    meaning: "The token's `alg` is not in `algorithms`.",
    causes: [
      [
        'The issuer signs with an algorithm that is not in the default list.',
        'Add it to `algorithms`.',
      ],
      [
        'The token is signed with a shared secret (HS256), or not at all (`none`).',
        'Configure the issuer to sign with RS256 or ES256. Shared secrets and `none` are never accepted.',
      ],
    ],
  },
  issuer_not_trusted: {
    meaning: "The token's `iss` is not exactly one of the configured issuers.",
    causes: [
      [
        'The values differ by a trailing slash, or one has `http` and the other `https`.',
        'Copy `iss` from a token.',
      ],
      [
        'The token is from another realm or tenant.',
        'Configure that issuer, or get a token from the right one.',
      ],
      [
        '`issuer` is the URL of the metadata (`…/.well-known/…`).',
        'Set `issuer` to the value of `issuer` in the metadata.',
      ],
      [
        'The service reaches the issuer at an internal address.',
        'Keep `issuer` as it is in the tokens. See [Public issuer, internal address](internal-address.md).',
      ],
      [
        'Entra: a version 1 token has an issuer on `sts.windows.net`.',
        'Set `requestedAccessTokenVersion` to 2, or configure `entra({ tenant, version: 1 })`.',
      ],
      ['`resolveIssuer` returned `undefined`.', 'Check its rule for this tenant.'],
    ],
  },
  key_not_found: {
    meaning: "No usable key of the issuer has the token's `kid` and fits its `alg`.",
    causes: [
      ['The token was signed with a key that the issuer has removed.', 'Get a new token.'],
      [
        'The token is from another environment with the same issuer name.',
        'Check which server issued it.',
      ],
      [
        'The key is in the set but cannot be used. `health()` lists it in `skipped`, with the reason.',
        'Fix the key at the issuer.',
      ],
      ['The key is blocked with `blockKey()`.', 'Get a new token.'],
    ],
  },
  key_ambiguous: {
    meaning: 'Several different keys fit the token, and nothing indicates which one to use.',
    causes: [
      [
        'The token has no `kid`, and the issuer has several keys for its `alg`.',
        'Configure the issuer to write `kid`.',
      ],
      ['The issuer publishes different keys with the same `kid`.', 'Give each key its own `kid`.'],
    ],
  },
  signature_invalid: {
    meaning: "The signature is not valid for the issuer's key.",
    causes: [
      ['The token was changed after it was signed.', 'Send the token as the issuer returned it.'],
      [
        'Entra: the token is for Microsoft Graph, and no other service can verify it.',
        'Have the client request a scope of this API.',
      ],
      ["The fixed key in `jwks` is not the issuer's key.", 'Copy the key from the issuer again.'],
    ],
  },
  not_an_access_token: {
    meaning: 'The token is not an access token, or nothing shows that it is one.',
    causes: [
      ['The client sent its ID token.', 'Send the access token.'],
      [
        'The access token has no `typ: at+jwt`, no scope, and no client ID.',
        'Configure the provider by name, such as `keycloak(url)`, have the issuer write a scope, or set `acceptUnmarked` in the profile.',
      ],
      [
        'Dex: its access tokens look like its ID tokens.',
        'Configure `dex(url, { acceptIdTokens: true })` if that is acceptable.',
      ],
    ],
  },
  claim_missing: {
    meaning:
      "A required claim is missing: `sub`, `aud`, `exp`, `iat`, or one in the profile's `requiredClaims`.",
    causes: [
      [
        '`aud`: many servers write it only if the client requests it.',
        'Have the client send `audience` or `resource`. Keycloak needs an Audience mapper.',
      ],
      [
        '`sub`: some servers omit it from the tokens that a client gets for itself.',
        'Set `clientIdAsSubject` in the profile.',
      ],
      [
        'Keycloak: `sub` comes with the client scope "basic", and lightweight tokens have few claims.',
        'Add the scope, or turn off lightweight access tokens.',
      ],
    ],
  },
  claim_malformed: {
    meaning: 'A claim has the wrong type or contradicts another one. The reason names it.',
    causes: [
      ['`exp` is a string, or in milliseconds.', 'Write the number of seconds since 1970.'],
      ['`aud` is an empty list.', 'Have the client request this service as the audience.'],
      [
        '`exp` is not later than `iat` or `nbf`, often in a hand-made test token.',
        'Correct the times.',
      ],
    ],
  },
  token_expired: {
    meaning: "The token's `exp` is in the past, by more than `clockTolerance`.",
    causes: [
      [
        'The client did not refresh its token in time.',
        'Refresh it when it is about to expire, or after a 401.',
      ],
      [
        'The clock of this machine or of the issuer is wrong. `health()` reports `clockSkew`.',
        'Correct the clock.',
      ],
    ],
  },
  token_not_yet_valid: {
    meaning: "The token's `nbf` is in the future, by more than `clockTolerance`.",
    causes: [
      [
        'The clock of this machine or of the issuer is wrong. `health()` reports `clockSkew`.',
        'Correct the clock.',
      ],
    ],
  },
  lifetime_too_long: {
    meaning: 'The token is valid for longer than `maxLifetime`.',
    causes: [
      [
        'The issuer uses a longer lifetime for this client.',
        'Shorten it there, or raise `maxLifetime`.',
      ],
    ],
  },
  audience_mismatch: {
    meaning:
      "The token's `aud` does not contain the required audience, or contains one that the rule excludes.",
    causes: [
      [
        'Another service forwarded the token that it received.',
        'Have that service exchange the token for one with this audience. Do not add this audience to the first token.',
      ],
      [
        'The values differ by a slash, or one is a name and the other a URL.',
        'Copy the value from a token.',
      ],
      [
        'The issuer writes no audience for this service. Keycloak needs an Audience mapper, and Auth0 needs the `audience` parameter.',
        'See the [provider pages](providers/keycloak.md).',
      ],
      [
        'Entra: version 2 tokens have the client ID of the API in `aud`.',
        'Use that as the audience.',
      ],
      [
        '`{ only: … }` is set, and the token is also meant for another service.',
        'Request a token for this service alone.',
      ],
    ],
  },
  binding_unsupported: {
    meaning: 'The token is bound to a key (`cnf`), and this service is not set up to check that.',
    causes: [
      [
        "DPoP is off: neither `publicUrl` nor `resource` is set, or `dpop` is `'off'`.",
        'Set `publicUrl`, and leave `dpop` out. See [Bound tokens](bound-tokens.md).',
      ],
      ['The token is bound to a certificate, and `mtls` is off.', 'Set `mtls`.'],
      ['`cnf` contains only unknown members.', 'Use DPoP or mutual TLS.'],
    ],
  },
  binding_required: {
    meaning:
      'The token is not bound to a key, but the request or the configuration requires a bound token.',
    causes: [
      [
        'The client sent a plain token with the `DPoP` scheme.',
        'Send it with `Bearer`, or get a bound token.',
      ],
      ["`dpop` is `'required'`.", 'Have the client get a bound token.'],
    ],
  },
  binding_unproven: {
    meaning: 'The token is bound to a key, and the request does not prove possession of that key.',
    causes: [
      [
        'The client sent a DPoP token with the `Bearer` scheme.',
        'Send it with `DPoP` and a proof.',
      ],
      [
        'The client certificate did not arrive.',
        'Check `mtls.peers` and the header that the proxy sets.',
      ],
    ],
  },
  binding_mismatch: {
    meaning: 'The request proves possession of a key other than the one in `cnf`.',
    causes: [
      ['The client lost its key and created a new one.', 'Get a new token with the new key.'],
      ['The token was stolen.', 'Revoke it.'],
      ['The proxy forwards its own certificate.', "Configure it to forward the client's."],
    ],
  },
  actor_malformed: {
    meaning:
      'An actor in `act` or `may_act` is not an object with a `sub`, or its `iss` is not a string.',
    causes: [
      [
        'The issuer writes the actor as a string.',
        'Configure it to write `{ "sub": … }` (RFC 8693 section 4.1).',
      ],
    ],
  },
  actor_chain_too_long: {
    meaning: 'The token has more actors than `maxActorDepth`.',
    causes: [
      [
        'Services exchange tokens in a loop.',
        'Find the loop in the decision records: they show the actors.',
      ],
      ['The chain is longer than the default allows.', 'Raise `maxActorDepth`.'],
    ],
  },
  token_inactive: {
    meaning: 'The introspection endpoint says that the token is not active.',
    causes: [
      ['The token expired, was revoked, or is unknown to the server.', 'Get a new token.'],
      [
        "This service's client is not allowed to introspect other clients' tokens.",
        'Allow it at the authorization server: some servers respond with `active: false` instead of an error.',
      ],
    ],
  },
  token_revoked: {
    meaning: 'The token is on the revocation list.',
    causes: [
      [
        'The user signed out, or the token, its client, or its subject was revoked.',
        'Sign in again.',
      ],
    ],
  },
  proof_missing: {
    meaning: 'The token is bound with DPoP, and the request has no `DPoP` header.',
    causes: [
      ['The client sends no proof.', 'Use a client library with DPoP.'],
      ['A proxy removes the header.', 'Configure it to pass the `DPoP` header on.'],
    ],
  },
  proof_malformed: {
    meaning: 'The `DPoP` header is not a single proof as described in RFC 9449 section 4.2.',
    causes: [
      ['The request has two `DPoP` headers.', 'Send one.'],
      [
        'The `alg` of the proof is not in `dpop.algorithms`.',
        'Use one from `algs` in the challenge.',
      ],
      [
        'The `jwk` in the header contains a private key.',
        'Send the public key only, and replace the key.',
      ],
    ],
  },
  proof_signature_invalid: {
    meaning: 'The signature of the proof is not valid for the key in its header.',
    causes: [
      [
        'The proof was changed, or signed with another key.',
        'Sign each proof with the key in its header.',
      ],
    ],
  },
  proof_mismatch: {
    meaning: 'The proof is for another method, URL, or token.',
    causes: [
      [
        '`publicUrl` or `prefix` differs from the URL that the client used.',
        'See [Bound tokens](bound-tokens.md).',
      ],
      ['The client reuses a proof for another request.', 'Make a new proof for each request.'],
      [
        '`ath` is missing or belongs to an earlier token.',
        'Put the hash of the current token into the proof.',
      ],
    ],
  },
  proof_not_current: {
    meaning:
      'The proof is too old, is dated in the future, or was made before the store of used proofs started.',
    causes: [
      [
        'The clock of the client is wrong. The reason says by how much.',
        'Correct it, or set `dpop.nonceSecret`.',
      ],
      [
        'This process started after the proof was made.',
        'Make a new proof. A shared store avoids this.',
      ],
    ],
  },
  proof_nonce_required: {
    meaning:
      'The proof has no current nonce from this service. The response contains one in `DPoP-Nonce`.',
    causes: [
      [
        'This is the first request from the client, or the nonce is old.',
        'Make a new proof with the nonce and repeat the request. Client libraries do this.',
      ],
      [
        'A browser cannot read the header.',
        'Expose `DPoP-Nonce` with `Access-Control-Expose-Headers`.',
      ],
    ],
  },
  proof_replayed: {
    meaning: 'The proof was used before.',
    causes: [
      ['The client or a proxy repeated the request.', 'Make a new proof for each attempt.'],
      ['An attacker recorded the request.', 'Nothing: the request was refused.'],
    ],
  },
  token_denied: {
    meaning: 'The function passed to `requirePolicy` returned `deny.invalidToken(reason)`.',
    causes: [
      [
        'Your own rule does not accept the token.',
        'The decision record contains the reason from your rule.',
      ],
    ],
  },
  scope_insufficient: {
    meaning:
      'The token lacks a scope that the route requires. The challenge names all required scopes.',
    causes: [
      ['The client did not request the scope.', 'Have it request the scopes in the challenge.'],
      [
        'The user did not consent, or the client is not allowed to have the scope.',
        'Grant it at the issuer.',
      ],
      [
        'The issuer writes scopes into another claim, or writes no scopes at all.',
        "Name the claim in the profile's `scopeClaims`, or require a role.",
      ],
    ],
  },
  role_insufficient: {
    meaning: 'The user lacks a role that the route requires.',
    causes: [
      ['The user does not have the role.', 'Assign it at the issuer.'],
      [
        'Keycloak: the role is a client role, and `rolesOf` is not set.',
        "Set `rolesOf` to that client's ID.",
      ],
    ],
  },
  permission_insufficient: {
    meaning: 'The token lacks a permission that the route requires.',
    causes: [
      [
        'Auth0: RBAC is off for the API.',
        'Turn on "Enable RBAC" and "Add Permissions in the Access Token".',
      ],
      ['The user does not have the permission.', 'Assign it at the issuer.'],
    ],
  },
  authentication_insufficient: {
    meaning: "The user's sign-in is too old or too weak (`acr`, `auth_time`).",
    causes: [
      [
        'The route requires more recent or stronger authentication than the session has.',
        'Have the client send the user to the issuer with the parameters from the challenge.',
      ],
      ['Keycloak: an exchange lowers `acr`.', 'See the [Keycloak page](providers/keycloak.md).'],
    ],
  },
  actor_not_allowed: {
    meaning: 'The current actor (`act`) is not one that the route allows.',
    causes: [
      ['Another service called this one.', 'Add it to `requireActor` if it may call this route.'],
      ['The provider names actors by client ID.', 'See [Delegation](delegation.md).'],
    ],
  },
  delegation_required: {
    meaning: 'The token has no `act`, but the route allows only delegated access.',
    causes: [
      [
        'The client called this service directly.',
        'Have it call the service in front of this one.',
      ],
      [
        'The issuer does not write `act` when it exchanges tokens. Keycloak, Okta, and Entra do not.',
        'Use `requireClient`, or an issuer that writes `act`.',
      ],
    ],
  },
  delegation_forbidden: {
    meaning: 'The token has an `act`, but the route allows only direct access.',
    causes: [
      ['A service called this route for a user.', 'Have the user call it, or allow delegation.'],
    ],
  },
  client_not_allowed: {
    meaning: 'The client that the token was issued to is not one that the route allows.',
    causes: [
      [
        'Another client called this route.',
        'Add its ID to `requireClient` if it may call this route.',
      ],
    ],
  },
  claim_not_accepted: {
    meaning: 'A claim does not have the value that `requireClaim` names.',
    causes: [
      ['The token is for another tenant or organization.', 'Use a token for the right one.'],
    ],
  },
  policy_denied: {
    meaning: 'The function passed to `requirePolicy` returned `false`.',
    causes: [['Your own rule denied access.', 'The reason names the policy.']],
  },
  keys_unavailable: {
    meaning: "The issuer's keys cannot be fetched, and no earlier ones can be used.",
    causes: [
      ['The issuer cannot be reached from this process.', 'See [Key sets](key-sets.md).'],
      [
        'The issuer has a public name and an internal address.',
        'See [Public issuer, internal address](internal-address.md).',
      ],
      [
        "There is a proxy between this process and the issuer, or the issuer's certificate is from a private certificate authority.",
        'Pass a `fetch`, or set `NODE_EXTRA_CA_CERTS`.',
      ],
      [
        'The key set has no usable key. `health()` names each key and the reason.',
        'Fix the keys at the issuer.',
      ],
    ],
  },
  metadata_rejected: {
    meaning:
      'The metadata of the issuer was fetched, but it names another issuer, or has no usable `jwks_uri`.',
    causes: [
      ['`issuer` differs from the `issuer` in the metadata.', 'Set it to exactly that value.'],
      [
        '`jwks_uri` is an `http` URL.',
        'Fix it at the issuer, or set `allowInsecureHttp` on a trusted network.',
      ],
    ],
  },
  replay_store_unavailable: {
    meaning: 'The store of used proofs is full, down, or slow, so a proof cannot be accepted.',
    causes: [
      ['The shared store is down.', 'Restore it. Proofs are never accepted without it.'],
      [
        'More proofs arrive than the memory store holds.',
        'Raise `dpop.maxProofs`, or use a shared store.',
      ],
    ],
  },
  revocations_unavailable: {
    meaning: 'It is not known whether the token was revoked.',
    causes: [
      [
        'The revocation feed has not been read for ten seconds.',
        'Restore it. `health().revocation` says what failed. See [Revocation](revocation.md).',
      ],
      ['The list is full.', 'Raise `maxEntries`.'],
      [
        'An entry in the feed is malformed.',
        'Fix the code that writes to the feed. The 503 responses end when the tokens issued before the entry have expired.',
      ],
    ],
  },
  introspection_unavailable: {
    meaning: 'The introspection endpoint did not give a usable answer.',
    causes: [
      [
        'The server is down, slow, or overloaded.',
        'The reason says how it responded. See [Introspection](introspection.md).',
      ],
      [
        "The server does not accept this service's client credentials.",
        'Check the client ID and its secret or key.',
      ],
    ],
  },
  verification_failed: {
    meaning:
      'One of your own functions, such as `resolveIssuer` or a policy, failed during the check.',
    causes: [['The function threw, or did not settle in time.', 'The reason says what it threw.']],
  },
}
