import { createSigningKey } from '../keys/signing-keys.ts'
import type { DpopClient, ProofOptions } from '../tokens/dpop-client.ts'
import type { TestIssuer } from '../issuer/test-issuer.ts'
import type { TokenOptions } from '../tokens/token-options.ts'

/** The issuers that the cases need, by their role. */
export interface IssuersByRole {
  /** The issuer that the hosts trust. */
  readonly trusted: TestIssuer
  /** Another issuer whose key has the same `kid`. */
  readonly other: TestIssuer
  /** An issuer that does not respond. */
  readonly down: TestIssuer
  /** An issuer whose metadata contains another issuer's identifier. */
  readonly mismatched: TestIssuer
  /** An issuer with two suitable keys, so that a token without `kid` is ambiguous. */
  readonly twoKeys: TestIssuer
}

type CreateToken = (issuers: IssuersByRole) => string

export const audience = 'order-service'

const tokenFrom =
  (role: keyof IssuersByRole, options: Partial<TokenOptions> = {}): CreateToken =>
  (issuers) =>
    issuers[role].token({ aud: audience, ...options })
const token = (options: Partial<TokenOptions> = {}): CreateToken => tokenFrom('trusted', options)
const claims = (added: Readonly<Record<string, unknown>>): CreateToken => token({ claims: added })
const forged =
  (name: keyof TestIssuer['forge']): CreateToken =>
  ({ trusted }) =>
    trusted.forge[name]({ aud: audience })

/** Text that is sent in place of a token. */
const text =
  (value: string): CreateToken =>
  () =>
    value

/** A token whose user authenticated `seconds` from now, with a strong method. */
const authenticatedAt =
  (seconds: number): CreateToken =>
  ({ trusted }) =>
    trusted.token({
      aud: audience,
      claims: { acr: 'mfa', auth_time: trusted.clock.now() / 1000 + seconds },
    })

const { kid: _kid, use: _use, ...otherKey } = createSigningKey('ES256', 'other').publicJwk

/** One client for each issuer. */
const clients = new WeakMap<TestIssuer, DpopClient>()

function clientOf({ trusted }: IssuersByRole): DpopClient {
  const client = clients.get(trusted) ?? trusted.dpopClient()
  clients.set(trusted, client)
  return client
}

/** The bound token of a client is the same in all cases, because proofs name it. */
const boundTokens = new WeakMap<DpopClient, string>()

const boundToken: CreateToken = (issuers) => {
  const client = clientOf(issuers)
  const bound = boundTokens.get(client) ?? client.token({ aud: audience })
  boundTokens.set(client, bound)
  return bound
}

const proofOf = (
  client: DpopClient,
  issuers: IssuersByRole,
  options: Partial<ProofOptions>,
): string => {
  const url = 'https://orders.example.com/any'
  return client.proof({ token: boundToken(issuers), url, ...options })
}

/** A proof of the client for `GET /any`. */
const proof =
  (options: Partial<ProofOptions> = {}): CreateToken =>
  (issuers) =>
    proofOf(clientOf(issuers), issuers, options)

/** The tokens that replace `{{name}}` in the requests of the cases. */
export const tokens: Readonly<Record<string, CreateToken>> = {
  // Valid tokens
  good: token(),
  read: token({ scope: 'orders:read' }),
  'read-write': token({ scope: 'orders:read orders:write' }),
  delegated: token({ actors: ['user-service', 'mobile-gateway'] }),
  'delegated-read': token({ actors: ['user-service'], scope: 'orders:read' }),
  editor: claims({ roles: ['editor'], permissions: ['orders:cancel'] }),
  'strong-authentication': authenticatedAt(-60),
  'other-issuer': tokenFrom('other', { scope: 'orders:read' }),

  // DPoP: RFC 9449
  'dpop-bound': boundToken,
  'dpop-proof': proof(),
  'dpop-proof-2': proof(),
  'dpop-proof-3': proof(),
  'dpop-proof-for-post': proof({ method: 'POST' }),
  'dpop-old-proof': proof({ issuedIn: -66 }),
  'dpop-proof-with-wrong-signature': proof({ header: { jwk: otherKey } }),
  'dpop-proof-of-another-key': (issuers) => proofOf(issuers.trusted.dpopClient(), issuers, {}),
  'certificate-bound': claims({
    cnf: { 'x5t#S256': 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' },
  }),

  // Malformed tokens, and tokens whose signature is not valid or cannot be verified
  garbage: text('garbage'),
  opaque: text('mF_9.B5f-4.1JqM'),
  huge: text('x'.repeat(9_000)),
  encrypted: text('e30.e30.e30.e30.e30'),
  'invalid-json-header': ({ trusted }) => trusted.sign({ header: '{"alg":"ES256"', payload: '{}' }),
  'duplicate-member': ({ trusted }) => trusted.sign({ payload: '{"aud":"x","aud":"y"}' }),
  crit: token({ header: { crit: ['exp'] } }),
  'wrong-typ': token({ header: { typ: 'logout+jwt' } }),
  unsigned: forged('unsigned'),
  hmac: forged('hmacWithPublicKey'),
  'unknown-issuer': forged('wrongIssuer'),
  tampered: forged('tampered'),
  'unknown-key': forged('unknownKey'),
  'unknown-kid': token({ header: { kid: 'no-such-key' } }),
  'hostile-kid': token({ header: { kid: 'a\r\nSet-Cookie: x=y\u0000\u001b[31m' } }),
  'ambiguous-key': tokenFrom('twoKeys', { header: { kid: undefined } }),
  'issuer-down': tokenFrom('down'),
  'issuer-mismatched': tokenFrom('mismatched'),

  // Correctly signed tokens that are not valid here or now
  'id-token': ({ trusted }) => trusted.idToken({ aud: audience }),
  'no-subject': claims({ sub: undefined }),
  'nbf-string': claims({ nbf: '1' }),
  expired: forged('expired'),
  'not-yet-valid': token({ notBefore: 60 }),
  'long-lived': token({ expiresIn: 86_400 }),
  'other-audience': token({ aud: 'stock-service' }),
  'key-bound': claims({ cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } }),
  'actor-string': claims({ act: 'user-service' }),
  'nine-actors': token({ actors: Array.from({ length: 9 }, (_, at) => `service-${at}`) }),

  // Scope claims: RFC 6749 section 3.3
  'scope-read': token({ scope: 'read' }),
  'scope-empty': claims({ scope: '' }),
  'scope-prefix': token({ scope: 'read:all' }),
  'scope-suffix': token({ scope: 'xread read1' }),
  'scope-array': claims({ scope: ['read'] }),
  'scope-nested-array': claims({ scope: [['read']] }),
  'scope-object': claims({ scope: { read: true } }),
  'scope-number': claims({ scope: 1 }),
  'scope-boolean': claims({ scope: true }),
  'scope-string-like-object': claims({ scope: { includes: 'read', split: 'read' } }),
  'scope-tab': claims({ scope: 'write\tread' }),
  'scope-no-break-space': claims({ scope: 'write\u00a0read' }),
  'scope-em-space': claims({ scope: 'write\u2003read' }),
  'scope-ideographic-space': claims({ scope: 'write\u3000read' }),
  'scope-line-feed': claims({ scope: 'write\nread' }),
  'scope-comma': token({ scope: 'read,write' }),
  'scope-two-spaces': claims({ scope: 'write  read' }),

  // Authentication strength and age: RFC 9470
  'weak-authentication': claims({ acr: 'pwd' }),
  'old-authentication': authenticatedAt(-3600),
  'future-authentication': authenticatedAt(3600),
}
