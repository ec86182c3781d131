import type { IncomingMessage, ServerResponse } from 'node:http'

/** The part of Koa's context that a guard uses: it fits contexts of any state, router and version. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  readonly headerSent: boolean
  readonly state: object
  respond?: boolean | undefined
  status: number
  body: unknown
  set(headers: Record<string, string>): void
  /** Koa's routers note here which of their routes matched. */
  readonly _matchedRoute?: unknown
}

/** The pattern of the route, such as `/orders/:id`, where a router has found one. */
export function routeOf({ _matchedRoute: matched }: KoaContext): string | undefined {
  if (typeof matched === 'string') return matched
  // A regular expression, told by its text.
  const source = (matched as { readonly source?: unknown } | null | undefined)?.source
  return typeof source === 'string' ? `/${source}/` : undefined
}
