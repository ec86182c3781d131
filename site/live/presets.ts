import type { Inputs } from './inputs.ts'
import { keyId } from './mint.ts'

/** An example that sets all inputs. */
export interface Preset {
  readonly id: string
  readonly title: string
  readonly inputs: (context: PresetContext) => Inputs
}

export interface PresetContext {
  /** In seconds since the epoch. */
  readonly now: number
  /** The thumbprint of the client's key. */
  readonly thumbprint: string
}

const issuer = 'https://as.example.com'
const audience = 'order-service'

const header = { alg: 'ES256', typ: 'at+jwt', kid: keyId }

const claimsAt = (now: number): object => ({
  iss: issuer,
  sub: 'user-42',
  aud: audience,
  client_id: 'web-shop',
  scope: 'orders:read',
  iat: now,
  exp: now + 3600,
})

const json = (value: object): string => JSON.stringify(value, undefined, 2)

/** A token that passes every check, with some changes. `undefined` removes a claim. */
function inputsWith(
  { now }: PresetContext,
  claims: object = {},
  more: Partial<Omit<Inputs, 'header'>> & { readonly header?: object } = {},
): Inputs {
  return {
    tokenFrom: 'page',
    pastedToken: '',
    claims: json({ ...claimsAt(now), ...claims }),
    signing: 'page',
    issuer,
    provider: '',
    audience,
    acceptsBound: false,
    keysFrom: 'page',
    pastedKeys: '',
    guards: [{ name: 'requireScope', values: 'orders:read' }],
    url: 'https://orders.example.com/orders',
    scheme: 'Bearer',
    sendsProof: false,
    ...more,
    header: json(more.header ?? header),
  }
}

export const presets: readonly Preset[] = [
  { id: 'valid', title: 'Valid', inputs: (context) => inputsWith(context) },
  {
    id: 'audience',
    title: 'Wrong audience',
    inputs: (context) => inputsWith(context, { aud: 'billing-service' }),
  },
  {
    id: 'expired',
    title: 'Expired',
    inputs: (context) => inputsWith(context, { iat: context.now - 7200, exp: context.now - 3600 }),
  },
  {
    id: 'scope',
    title: 'Missing scope',
    inputs: (context) =>
      inputsWith(context, {}, { guards: [{ name: 'requireScope', values: 'orders:write' }] }),
  },
  {
    id: 'none',
    title: 'alg: none',
    inputs: (context) =>
      inputsWith(context, {}, { header: { alg: 'none', typ: 'at+jwt' }, signing: 'none' }),
  },
  {
    id: 'id-token',
    title: 'ID token',
    inputs: (context) =>
      inputsWith(
        context,
        {
          aud: 'web-shop',
          client_id: undefined,
          scope: undefined,
          nonce: 'n-0S6_WzA2Mj',
          email: 'ada@example.com',
        },
        { header: { ...header, typ: 'JWT' } },
      ),
  },
  {
    id: 'delegated',
    title: 'Two actors',
    inputs: (context) =>
      inputsWith(
        context,
        { act: { sub: 'cart-service', act: { sub: 'web-gateway' } } },
        {
          guards: [
            { name: 'requireScope', values: 'orders:read' },
            { name: 'requireActor', values: 'cart-service' },
          ],
        },
      ),
  },
  {
    id: 'unproven',
    title: 'Bound, no proof',
    inputs: (context) =>
      inputsWith(
        context,
        { cnf: { jkt: context.thumbprint } },
        { scheme: 'DPoP', acceptsBound: true },
      ),
  },
  {
    id: 'proven',
    title: 'Bound, with proof',
    inputs: (context) =>
      inputsWith(
        context,
        { cnf: { jkt: context.thumbprint } },
        { scheme: 'DPoP', acceptsBound: true, sendsProof: true },
      ),
  },
]
