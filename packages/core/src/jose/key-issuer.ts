import { type JsonObject, own } from '../lib/json.ts'
import type { Profile } from '../options/profile.ts'

/**
 * Why a key is not this issuer's, if it is not. Entra has one key set for all tenants, and each key
 * says for whose tokens it is: its member `issuer` is an issuer, or a template with a placeholder for
 * the tenant. Only where the profile knows of that.
 */
export function foreignIssuerOf(
  jwk: JsonObject,
  issuer: string,
  { keyIssuerPlaceholder: placeholder }: Profile,
): string | undefined {
  const named = own(jwk, 'issuer')
  if (placeholder === undefined || named === undefined) return undefined
  if (typeof named !== 'string') return 'issuer is not a string'
  const [start, end] = named.split(placeholder, 2)
  if (end === undefined) return start === issuer ? undefined : 'for another issuer'
  const fits = issuer.startsWith(start!) && issuer.endsWith(end)
  const tenant = fits ? issuer.slice(start!.length, issuer.length - end.length) : ''
  return tenant === '' || tenant.includes('/') ? 'for another issuer' : undefined
}
