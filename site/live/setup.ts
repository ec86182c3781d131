import { ConfigError, type ResourceServerOptions } from '@resource-server/core'
import * as providers from '@resource-server/core/providers'
import { guardCode, quoted, valuesOf } from './guards.ts'
import type { Inputs } from './inputs.ts'

type Provider = (url: string) => object

/** The functions that take the issuer's URL and nothing else that is required, by name. */
const known: ReadonlyMap<string, Provider> = new Map(
  Object.entries(providers).flatMap(([name, value]) =>
    typeof value === 'function' && name !== 'extend' ? [[name, value as Provider]] : [],
  ),
)

export const providerNames: readonly string[] = [...known.keys()]

/**
 * The options of the service.
 *
 * @param pageKeys the key set of the page
 * @throws ConfigError if the key set is not JSON
 */
export function optionsOf(
  inputs: Inputs,
  pageKeys: { readonly keys: readonly object[] },
): ResourceServerOptions {
  const { keysFrom, pastedKeys } = inputs
  const jwks = keysFrom === 'page' ? pageKeys : readKeys(pastedKeys)
  return {
    issuer: { ...issuerOf(inputs), jwks },
    audience: audienceOf(inputs),
    ...(inputs.acceptsBound && { publicUrl: originOf(inputs.url) }),
    // The page shows what a log would contain.
    log: 'off',
  }
}

function issuerOf({ issuer, provider }: Inputs): { readonly issuer: string } {
  const create = known.get(provider)
  return { issuer, ...create?.(issuer) }
}

function audienceOf({ audience }: Inputs): string | readonly string[] {
  const [only = '', ...others] = valuesOf(audience)
  return others.length === 0 ? only : [only, ...others]
}

function readKeys(text: string): { readonly keys: readonly object[] } {
  try {
    const value = JSON.parse(text) as { readonly keys?: unknown }
    if (Array.isArray(value.keys)) return { keys: value.keys as readonly object[] }
  } catch {
    // The same advice as for JSON without keys.
  }
  throw new ConfigError(
    'The key set is not a JSON object with a list of keys.',
    'Paste the document at the jwks_uri of the issuer: { "keys": [ … ] }.',
  )
}

/** The origin of a URL, or the text itself, so that core says what is wrong with it. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}

/** The setup as code, for the app that it describes. */
export function codeOf(inputs: Inputs): string {
  const { provider, issuer, url, guards, acceptsBound } = inputs
  const audience = valuesOf(inputs.audience).map(quoted)
  const create = known.has(provider) ? `${provider}(${quoted(issuer)})` : quoted(issuer)
  const guardLines = guards.map((guard) => `api.${guardCode(guard)}`)
  return [
    "import { resourceServer } from '@resource-server/fetch'",
    ...(known.has(provider)
      ? [`import { ${provider} } from '@resource-server/fetch/providers'`]
      : []),
    '',
    'const api = resourceServer({',
    `  issuer: ${create},`,
    `  audience: ${audience.length > 1 ? `[${audience.join(', ')}]` : (audience[0] ?? "''")},`,
    ...(acceptsBound ? [`  publicUrl: ${quoted(originOf(url))},`] : []),
    '})',
    '',
    'export const GET = api.protect(',
    ...['handle', ...guardLines].map((line) => `  ${line},`),
    ')',
  ].join('\n')
}
