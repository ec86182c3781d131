import type { IncomingMessage } from 'node:http'

/** What Express adds to a request once it has found the route. */
interface Routed {
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown }
}

/** The pattern of the route, such as `/orders/:id`. What a router is mounted at stands as requested. */
export function routeOf(request: IncomingMessage & Routed): string | undefined {
  const { baseUrl = '', route } = request
  return route && baseUrl + String(route.path)
}
