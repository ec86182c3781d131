import type { HandlerDescription } from '@resource-server/core/adapter'
import { failed, passed, skipped, warning } from '../doctor/finding.ts'
import type { Finding } from '../terminal.ts'
import { judgeErrorHandlers } from './error-handlers.ts'
import type { LoadedApp } from './load-app.ts'
import { isNotFound, type Step, type Target } from './step.ts'

/** What every route of an app requires, and what is wrong. */
export function judgeApp(
  app: LoadedApp,
  isPublic: (target: Target) => boolean,
): readonly Finding[] {
  const { targets, unknown, listens } = app
  const routes = targets.filter(({ kind }) => kind === 'route')
  const servers = serversOf(routes)
  return [
    ...routes.map((target) => judgeRoute(target, { isPublic: isPublic(target), servers })),
    ...(servers.length > 1 ? [severalServers(servers)] : []),
    ...unknown.map(({ path, why }) => warning(path, `not checked: ${why}`)),
    ...distinct(routes.flatMap((target) => judgeErrorHandlers(target, guardsBefore(target)))),
    ...distinct(judgeCors(targets)),
    ...judgeMetadata(targets),
    ...(listens ? [doesListen] : []),
  ]
}

const doesListen = warning(
  'listen',
  'the module calls listen() when it is loaded. doctor turned this call into a no-op',
  'Export the app from a module that does not call listen(). Tests need this too.',
)

/** The guards that a request has passed when it is answered. Nothing after a function that answers counts. */
export function guardsBefore({ before }: Target): readonly Step[] {
  const end = before.findIndex(({ continues }) => !continues)
  const reached = end === -1 ? before : before.slice(0, end)
  return reached.filter(({ role }) => role === 'guard')
}

type Server = HandlerDescription['server']

/** The resource servers whose guards are on routes, in order. */
function serversOf(routes: readonly Target[]): readonly Server[] {
  const guards = routes.flatMap(guardsBefore)
  return [...new Set(guards.flatMap(({ description }) => description?.server ?? []))]
}

function severalServers({ length }: readonly Server[]): Finding {
  const detail = `the app has ${length}. The number after each guard shows its server`
  const fix =
    'Read the token from the server whose guard is on the route. One is usually enough: share it between modules.'
  return { ...skipped('resource servers', detail), fix }
}

interface Circumstances {
  readonly isPublic: boolean
  readonly servers: readonly Server[]
}

function judgeRoute(target: Target, { isPublic, servers }: Circumstances): Finding {
  const guards = guardsBefore(target)
  const check = `${target.method} ${target.path}`
  if (guards.length > 0) return judgeGuards(check, guards, servers)
  if (isPublic) return skipped(check, 'public')
  if (target.answers.role === 'static') return skipped(check, 'static files, without a guard')
  if (target.path === '/*' && isNotFound(target.answers.handler)) {
    return skipped(check, 'answers paths without a route (404)')
  }
  return judgeUncovered(check, target)
}

function judgeGuards(check: string, guards: readonly Step[], servers: readonly Server[]): Finding {
  const descriptions = guards.flatMap(({ description }) => description ?? [])
  const names = descriptions.map(({ name, server }) =>
    servers.length > 1 ? `${name} [${servers.indexOf(server) + 1}]` : name,
  )
  const shown = names.join(', ')
  if (descriptions.some((one) => !hasAudience(one, descriptions))) {
    return failed(
      check,
      `${shown}: no audience is configured, so every request with a token fails`,
      "Put requireAudience('…') before the other guards, or set 'audience'.",
    )
  }
  const isOpen = descriptions.every(({ admitsAnonymous }) => admitsAnonymous)
  return passed(check, isOpen ? `${shown}; anonymous requests pass` : shown)
}

/** The first guard of a resource server on a route verifies the token, and needs an audience for that. */
function hasAudience({ server }: HandlerDescription, all: readonly HandlerDescription[]): boolean {
  return server.hasAudience || all.find((one) => one.server === server)?.setsAudience === true
}

/** The most common hole is a guard that is there, but too late. */
function judgeUncovered(check: string, { before, after, answers }: Target): Finding {
  const late = [...before, ...after].find(({ role }) => role === 'guard')
  if (late) {
    const handler = before.find(({ continues }) => !continues) ?? answers
    const detail = `no guard runs: ${late.name} comes after the handler (${handler.name})`
    return failed(check, detail, 'Put the guard before the handler.')
  }
  return failed(
    check,
    'no guard',
    `Add one, such as requireScope('…'). If everyone may call it: --public '${check}'`,
  )
}

/** Without CORS headers, a browser hides every refusal, and a refused preflight keeps it from sending the request. */
function judgeCors(targets: readonly Target[]): readonly Finding[] {
  const ways = targets.map(({ before, answers, after }) => [...before, answers, ...after])
  const all = new Map(
    ways.flat().flatMap((step) => (step.role === 'cors' ? [[step.handler, step]] : [])),
  )
  return [...all.values()].map((cors) => {
    const guard = ways.map((way) => guardBeforeCors(way, cors)).find((found) => found !== undefined)
    if (!guard) return passed('CORS', `${cors.name} runs before the guards`)
    const preflights = guard.description?.server.allowPreflight ? '' : ', and preflights get 401'
    return failed(
      'CORS',
      `${cors.name} runs after ${guard.name}: refusals have no CORS headers${preflights}, so a browser shows ` +
        'only a CORS error',
      'Put the CORS middleware before the guards.',
    )
  })
}

/** The guard of a route that runs before the middleware, unless other CORS middleware runs before both. */
function guardBeforeCors(way: readonly Step[], cors: Step): Step | undefined {
  const end = way.findIndex(({ handler }) => handler === cors.handler)
  const before = way.slice(0, Math.max(0, end))
  return before.some(({ role }) => role === 'cors')
    ? undefined
    : before.find(({ role }) => role === 'guard')
}

/** Clients without a token look for the metadata at one path. */
function judgeMetadata(targets: readonly Target[]): readonly Finding[] {
  const served = targets.filter(({ kind }) => kind === 'metadata')
  const known = new Set(served.map(({ answers }) => answers.description?.server))
  const guards = targets.flatMap(guardsBefore)
  const servers = new Set(guards.map(({ description }) => description?.server))
  const missing = [...servers].filter((server) => server?.metadataPath && !known.has(server))
  return [
    ...served.map(judgeServedMetadata),
    ...missing.map((server) =>
      warning(
        'resource metadata',
        `challenges name ${server?.metadataPath}, but metadata() is not mounted`,
        'Mount it at the root of the app, before the guards, unless another server serves it.',
      ),
    ),
  ]
}

function judgeServedMetadata(target: Target): Finding {
  const { path, answers } = target
  const url = answers.description?.server.metadataPath ?? ''
  const [guard] = guardsBefore(target)
  const check = 'resource metadata'
  if (guard) {
    const detail = `metadata() comes after ${guard.name}, so clients without a token get 401 for ${url}`
    return failed(check, detail, 'Put it before the guards.')
  }
  if (path === '/' || path === url) return passed(check, url)
  return failed(
    check,
    `metadata() is mounted under ${path}, but clients request ${url} and get 404`,
    'Mount it at the root of the app, before the guards.',
  )
}

function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.detail, finding])).values()]
}
