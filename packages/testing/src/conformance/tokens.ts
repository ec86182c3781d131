import type { TestIssuer } from '../issuer/test-issuer.ts'
import type { TokenOptions } from '../tokens/token-options.ts'

/** The issuers that tokens come from. */
export interface Issuers {
  readonly issuer: TestIssuer
  readonly other: TestIssuer
  readonly silent: TestIssuer
  readonly impostor: TestIssuer
  readonly twofold: TestIssuer
}

type Mint = (issuers: Issuers) => string

export const audience = 'order-service'

const from =
  (name: keyof Issuers, options: Partial<TokenOptions> = {}): Mint =>
  (issuers) =>
    issuers[name].token({ aud: audience, ...options })
const token = (options: Partial<TokenOptions> = {}): Mint => from('issuer', options)
const claims = (added: Readonly<Record<string, unknown>>): Mint => token({ claims: added })
const forged =
  (name: keyof TestIssuer['forge']): Mint =>
  (issuers) =>
    issuers.issuer.forge[name]({ aud: audience })

/** The lines that hold nothing but themselves: they are sent for what a token is not. */
const text =
  (value: string): Mint =>
  () =>
    value

/** What stands for `{{name}}` in the bytes of a case. */
export const tokens: Readonly<Record<string, Mint>> = {
  // That would be let in
  good: token(),
  read: token({ scope: 'orders:read' }),
  'read-write': token({ scope: 'orders:read orders:write' }),
  delegated: token({ actors: ['user-service', 'mobile-gateway'] }),
  'delegated-read': token({ actors: ['user-service'], scope: 'orders:read' }),
  editor: claims({ roles: ['editor'], permissions: ['orders:cancel'] }),
  strong: ({ issuer }) =>
    issuer.token({
      aud: audience,
      claims: { acr: 'mfa', auth_time: issuer.clock.now() / 1000 - 60 },
    }),
  'of-other': from('other', { scope: 'orders:read' }),

  // No token, or a broken one
  garbage: text('garbage'),
  opaque: text('mF_9.B5f-4.1JqM'),
  huge: text('x'.repeat(9_000)),
  encrypted: text('e30.e30.e30.e30.e30'),
  'header-no-json': ({ issuer }) => issuer.sign({ header: '{"alg":"ES256"', payload: '{}' }),
  'payload-twice': ({ issuer }) => issuer.sign({ payload: '{"aud":"x","aud":"y"}' }),
  crit: token({ header: { crit: ['exp'] } }),
  'type-foreign': token({ header: { typ: 'logout+jwt' } }),
  unsigned: forged('unsigned'),
  hmac: forged('hmacWithPublicKey'),
  'of-nobody': forged('wrongIssuer'),
  tampered: forged('tampered'),
  'strangers-key': forged('unknownKey'),
  'kid-unknown': token({ header: { kid: 'no-such-key' } }),
  'kid-hostile': token({ header: { kid: 'a\r\nSet-Cookie: x=y\u0000\u001b[31m' } }),
  'kid-absent': from('twofold', { header: { kid: undefined } }),
  'of-silent': from('silent'),
  'of-impostor': from('impostor'),

  // Well signed, and not for here or not for now
  id: ({ issuer }) => issuer.idToken({ aud: audience }),
  'no-subject': claims({ sub: undefined }),
  'nbf-text': claims({ nbf: '1' }),
  expired: forged('expired'),
  early: token({ notBefore: 60 }),
  'long-lived': token({ expiresIn: 86_400 }),
  'for-others': token({ aud: 'stock-service' }),
  bound: claims({ cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } }),
  'actor-text': claims({ act: 'user-service' }),
  'actors-nine': token({ actors: Array.from({ length: 9 }, (_, at) => `service-${at}`) }),

  // Scopes of every shape: RFC 6749 section 3.3
  'scope-empty': claims({ scope: '' }),
  'scope-prefix': token({ scope: 'read:all' }),
  'scope-suffix': token({ scope: 'xread read1' }),
  'scope-list': claims({ scope: ['read'] }),
  'scope-nested': claims({ scope: [['read']] }),
  'scope-object': claims({ scope: { read: true } }),
  'scope-number': claims({ scope: 1 }),
  'scope-true': claims({ scope: true }),
  'scope-duck': claims({ scope: { includes: 'read', split: 'read' } }),
  'scope-tab': claims({ scope: 'write\tread' }),
  'scope-no-break': claims({ scope: 'write\u00a0read' }),
  'scope-em-space': claims({ scope: 'write\u2003read' }),
  'scope-wide-space': claims({ scope: 'write\u3000read' }),
  'scope-line-feed': claims({ scope: 'write\nread' }),
  'scope-comma': token({ scope: 'read,write' }),
  'scope-two-spaces': claims({ scope: 'write  read' }),
  'scope-read': token({ scope: 'read' }),

  // Sign-ins: RFC 9470
  'sign-in-weak': claims({ acr: 'pwd' }),
  'sign-in-old': ({ issuer }) =>
    issuer.token({
      aud: audience,
      claims: { acr: 'mfa', auth_time: issuer.clock.now() / 1000 - 3600 },
    }),
  'sign-in-future': ({ issuer }) =>
    issuer.token({
      aud: audience,
      claims: { acr: 'mfa', auth_time: issuer.clock.now() / 1000 + 3600 },
    }),
}
