// What every runtime must answer, as bytes over a socket.
/** @typedef {import('@resource-server/testing').TestIssuer} TestIssuer */
/** @typedef {{ name: string, path: string, headers: string[], status: number }} Case */

/** @type {(issuer: TestIssuer) => Case[]} */
export function casesFor(issuer) {
  const order = { aud: 'order-service', scope: 'orders:read' }
  const good = issuer.token(order)
  const bearer = (/** @type {string} */ token) => [`Authorization: Bearer ${token}`]
  /** @type {(name: string, status: number, headers: string[], path?: string) => Case} */
  const row = (name, status, headers, path = '/orders') => ({ name, path, headers, status })
  return [
    row('a good token', 200, bearer(good)),
    row('a good token once more', 200, bearer(good)),
    row('no token', 401, []),
    row('another scheme', 401, ['Authorization: Basic dXNlcjpwYXNz']),
    row('DPoP', 401, [`Authorization: DPoP ${good}`]),
    row('two headers', 400, [...bearer(good), ...bearer(good)]),
    row('two headers, one of another scheme', 400, [...bearer(good), 'Authorization: Basic eDp5']),
    row('two in one', 400, bearer(`${good}, Bearer ${good}`)),
    row('not a token', 400, bearer('a b')),
    row('garbage', 401, bearer('garbage')),
    row('for another service', 401, bearer(issuer.token({ ...order, aud: 'stock-service' }))),
    row('an ID token', 401, bearer(issuer.idToken({ aud: 'order-service' }))),
    row('expired', 401, bearer(issuer.forge.expired(order))),
    row('tampered with', 401, bearer(issuer.forge.tampered(order))),
    row('unsigned', 401, bearer(issuer.forge.unsigned(order))),
    row("a stranger's key", 401, bearer(issuer.forge.unknownKey(order))),
    row('of another issuer', 401, bearer(issuer.forge.wrongIssuer(order))),
    row('without the scope', 403, bearer(issuer.token({ aud: 'order-service' }))),
    row(
      ...['the actor that is asked for', 200],
      ...[bearer(issuer.token({ ...order, actors: ['user-service'] })), '/acted'],
    ),
    row('no actor', 403, bearer(good), '/acted'),
  ]
}
