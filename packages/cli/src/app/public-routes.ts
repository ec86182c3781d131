import { ConfigError } from '@resource-server/core'
import type { Target } from './step.ts'

const format = /^(?:([A-Z]+) )?(\/\S*)$/

/**
 * Reads routes that need no guard: `/health`, `GET /health`, or `/assets/*` for everything below a path.
 *
 * @throws ConfigError for any other text
 */
export function publicRoutes(given: readonly string[]): (target: Target) => boolean {
  const routes = given.map((text) => {
    const [, method, path] = format.exec(text) ?? []
    if (path !== undefined) return { method, path }
    throw new ConfigError(
      `'${text.slice(0, 64)}' is not a route.`,
      "Write --public /health, or --public 'GET /health'.",
    )
  })
  return (target) =>
    routes.some(
      ({ method, path }) =>
        (method ?? target.method) === target.method && covers(path, target.path),
    )
}

function covers(path: string, pattern: string): boolean {
  if (!path.endsWith('/*')) return path === pattern
  return pattern === path || pattern.startsWith(path.slice(0, -1))
}
