import type * as OidcProvider from 'oidc-provider'

const NOTICE = 'Unsupported runtime'

/**
 * On Node 20 oidc-provider writes one line to stderr when it is imported: it wants Node 22. The
 * demo is tested on both, so that line, and nothing else, is held back.
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
