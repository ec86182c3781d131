// The requests that every runtime receives, and the expected status.
/** @typedef {import('@resource-server/testing').TestIssuer} TestIssuer */
/** @typedef {{ name: string, path: string, headers: string[], status: number }} Case */

/** @type {(issuer: TestIssuer) => Case[]} */
export function casesFor(issuer) {
  const order = { aud: 'order-service', scope: 'orders:read' }
  const valid = issuer.token(order)
  const bearer = (/** @type {string} */ token) => [`Authorization: Bearer ${token}`]
  /** @type {(name: string, status: number, headers: string[], path?: string) => Case} */
  const row = (name, status, headers, path = '/orders') => ({ name, path, headers, status })
  const rows = [
    row('a valid token', 200, bearer(valid)),
    row('the same token again', 200, bearer(valid)),
    row('no token', 401, []),
    row('another scheme', 401, ['Authorization: Basic dXNlcjpwYXNz']),
    row('DPoP', 401, [`Authorization: DPoP ${valid}`]),
    row('two headers', 400, [...bearer(valid), ...bearer(valid)]),
    row('two headers, one of another scheme', 400, [...bearer(valid), 'Authorization: Basic eDp5']),
    row('two credentials in one header', 400, bearer(`${valid}, Bearer ${valid}`)),
    row('a malformed credential', 400, bearer('a b')),
    row('garbage', 401, bearer('garbage')),
    row(
      'a token for another service',
      401,
      bearer(issuer.token({ ...order, aud: 'stock-service' })),
    ),
    row('an ID token', 401, bearer(issuer.idToken({ aud: 'order-service' }))),
    row('an expired token', 401, bearer(issuer.forge.expired(order))),
    row('a tampered token', 401, bearer(issuer.forge.tampered(order))),
    row('an unsigned token', 401, bearer(issuer.forge.unsigned(order))),
    row('an unknown key', 401, bearer(issuer.forge.unknownKey(order))),
    row('a token of another issuer', 401, bearer(issuer.forge.wrongIssuer(order))),
    row('a token without the scope', 403, bearer(issuer.token({ aud: 'order-service' }))),
    row(
      'the required actor',
      200,
      bearer(issuer.token({ ...order, actors: ['user-service'] })),
      '/delegated',
    ),
    row('no actor', 403, bearer(valid), '/delegated'),
  ]
  const withHono = rows.map((each) => ({
    ...each,
    name: `${each.name} (Hono)`,
    path: `/hono${each.path}`,
  }))
  return [...rows, ...withHono]
}
