import type * as OidcProvider from 'oidc-provider'

const NOTICE = 'Unsupported runtime'

/**
 * Imports oidc-provider and suppresses its warning that Node 20 is unsupported. The demo is tested on
 * Node 20 too. Other warnings are still printed.
 */
async function importQuietly(): Promise<typeof OidcProvider> {
  const warn = console.warn
  console.warn = (...args: unknown[]) => {
    if (!String(args[0]).includes(NOTICE)) warn(...args)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

const module: typeof OidcProvider = await importQuietly()

export type Provider = OidcProvider.Provider
export const Provider: typeof OidcProvider.Provider = module.Provider
export const errors: typeof OidcProvider.errors = module.errors
