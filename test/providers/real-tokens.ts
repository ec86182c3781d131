import { readdirSync, readFileSync } from 'node:fs'
import type { Algorithm, Audience, Code, ProviderIssuer } from '@resource-server/core'
import { betterAuth, hydra, keycloak } from '@resource-server/core/providers'

/** The header and payload of a token that a real server issued. */
export interface RealToken {
  readonly file: string
  readonly provider: string
  readonly kind: string
  readonly header: Readonly<Record<string, string>>
  readonly payload: Readonly<Record<string, unknown>> & {
    readonly iss: string
    readonly sub?: string
    readonly aud?: string | readonly string[]
    readonly azp?: string
    readonly client_id?: string
    readonly scope?: string
    readonly iat: number
  }
}

const directory = new URL('tokens/real/', import.meta.url)

export function readRealTokens(): readonly RealToken[] {
  return readdirSync(directory).map((name) => {
    const token = JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as object
    return { file: name.slice(0, -'.json'.length), ...token } as RealToken
  })
}

/** The provider function for a token, called with its issuer. */
export function providerOf({ provider, payload: { iss } }: RealToken): ProviderIssuer {
  if (provider.startsWith('better-auth')) return betterAuth(iss)
  return provider.startsWith('keycloak') ? keycloak(iss) : hydra(iss)
}

/** What a token must lead to. */
export interface Expected {
  /** Default: the first audience of the token. */
  readonly audience?: Audience
  /** The code with the plain URL of the issuer. Default: granted. */
  readonly plain?: Code
  /** The code with the provider named. Default: the same as `plain`. */
  readonly named?: Code | 'granted'
  readonly claim?: string
  /** Options with which the token is granted. */
  readonly grantedWith?:
    | { readonly algorithms: readonly Algorithm[] }
    | { readonly maxTokenBytes: number }
  readonly actor?: string
}

const granted: Expected = {}
const notAnAccessToken = (claim: string): Expected => ({ plain: 'not_an_access_token', claim })
const onlyWith = (algorithm: Algorithm): Expected => ({
  plain: 'algorithm_not_allowed',
  grantedWith: { algorithms: [algorithm] },
})
const symmetric: Expected = { plain: 'algorithm_not_allowed' }

/** One entry for each file. ID tokens are offered to a service whose audience is their own `aud`. */
export const expectations: Readonly<Record<string, Expected>> = {
  'better-auth-ES256-client_credentials': granted,
  'better-auth-ES256-code': granted,
  'better-auth-ES256-dpop': { plain: 'binding_unsupported', claim: 'cnf' },
  'better-auth-ES256-id': { ...notAnAccessToken('at_hash'), named: 'type_not_accepted' },
  'better-auth-ES256-refreshed': granted,
  'hydra-cc': granted,
  'hydra-cc-noaud': { audience: 'depot-api', plain: 'claim_malformed', claim: 'aud' },
  'hydra-code': granted,
  'hydra-id': notAnAccessToken('at_hash'),
  'hydra-refreshed': granted,
  'hydra-rotated': granted,
  'kc-act-json': { actor: '5f1c' },
  'kc-cc': granted,
  'kc-dock-at': granted,
  'kc-dock-es256': granted,
  'kc-dock-es384': granted,
  'kc-dock-es512': onlyWith('ES512'),
  'kc-dock-hs256': symmetric,
  'kc-dock-light': { audience: 'parcel-api', plain: 'claim_missing', claim: 'aud' },
  'kc-dock-light-with-claims': granted,
  'kc-dock-nobasic': { plain: 'claim_missing', claim: 'sub' },
  'kc-dock-ps256': granted,
  'kc-dock-ps512': onlyWith('PS512'),
  'kc-dock-rs512': onlyWith('RS512'),
  'kc-dpop': { plain: 'binding_unsupported', claim: 'cnf' },
  'kc-hostname': granted,
  'kc-id': notAnAccessToken('at_hash'),
  'kc-loa1': granted,
  'kc-loa2': granted,
  'kc-long': { plain: 'token_too_large', grantedWith: { maxTokenBytes: 16_384 } },
  'kc-noaud': { audience: 'parcel-api' },
  'kc-offline': symmetric,
  'kc-offline-at': granted,
  'kc-offline-refreshed': granted,
  'kc-org-json': granted,
  'kc-realm-Acme-EU': granted,
  'kc-realm-real': granted,
  'kc-refresh': symmetric,
  'kc-ui': granted,
  'kc-x-id_token': notAnAccessToken('typ'),
  'kc-x1': granted,
  'kc-x2': granted,
}
