import {
  type AccessToken,
  ConfigError,
  type Guards,
  type OpenApi,
  type Operations,
  type ResourceServerOptions,
} from '@resource-server/core'
import { createGate, fromNode, nodeGuard } from '@resource-server/core/adapter'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { answer, type FastifyGuard } from './answer.ts'
import { thrown } from './thrown.ts'

// All that a user needs, so that one install is enough
export * from '@resource-server/core'
export { RequestRefusedError } from '@resource-server/core/adapter'
export type { FastifyGuard }

/**
 * Types of your own for `request.auth`, by declaration merging: `claims` for those that the issuer
 * adds (an assertion: they are not checked), `optional: true` where the option of that name is set.
 */
export interface AuthTypes {}

export type AuthClaims = AuthTypes extends { readonly claims: infer C extends object } ? C : object

/** What `request.auth` is; undefined for the anonymous, which only `optional` lets through. */
export type RequestAuth = AuthTypes extends { readonly optional: true }
  ? AccessToken<AuthClaims> | undefined
  : AccessToken<AuthClaims>

declare module 'fastify' {
  interface FastifyRequest {
    /** @throws ConfigError unless every guard so far let the request through */
    readonly auth: RequestAuth
  }
  interface FastifyInstance extends Guards<FastifyGuard, AuthClaims> {
    /** Under a name of its own, since an app has a `ready` and a `close` already. */
    readonly resourceServer: Description & Operations
  }
}

/** What an app says of itself. */
export interface Description {
  /**
   * Serves the metadata of this resource server (RFC 9728) at its well-known path, and nothing else.
   * Add it to the root: `app.addHook('onRequest', app.resourceServer.metadata())`.
   *
   * @throws ConfigError where no `resource` is configured
   */
  readonly metadata: () => FastifyGuard
  /** The security scheme, and the scopes of guards, for an OpenAPI document. */
  readonly openapi: OpenApi<FastifyGuard>
}

const registered = new WeakSet<object>()

/**
 * Guards for Fastify 5 that accept exactly the tokens issued for this service. Registering protects
 * no route: it gives the app `requireAudience`, `requireScope` and so on, for `onRequest`, and its
 * requests `auth`. Register it once; scopes below have it as well, and may register it anew with
 * other options. Rejects with a ConfigError for options that cannot be right.
 */
export const resourceServer: FastifyPluginAsync<ResourceServerOptions> = fastifyPlugin(plugin, {
  name: '@resource-server/fastify',
  fastify: '5.x',
})

/** The plugin as plugins are exported. @alias */
export default resourceServer

async function plugin(app: FastifyInstance, options: ResourceServerOptions): Promise<void> {
  if (registered.has(app)) {
    throw new ConfigError(
      'resourceServer is registered twice in one scope of the app.',
      'Register it once, and set other audiences with requireAudience. Other options go into a scope of their own.',
    )
  }
  registered.add(app)
  const gate = createGate<AuthClaims>(options)
  const pass = nodeGuard(gate)
  const guards = gate.guards<FastifyGuard>((guard) => async (request, reply) => {
    const { raw, originalUrl: url } = request
    const route = (): string | undefined => request.routeOptions.url
    const exchange = { request: raw, response: reply.raw, url, route, attachTo: request }
    const result = await pass(guard, exchange)
    if (result.action === 'proceed') return undefined
    if (result.action === 'throw') throw thrown(result.error)
    return answer(reply, result.reply)
  })
  for (const [name, guard] of Object.entries(guards)) app.decorate(name, guard)
  const description: Description & Operations = {
    ...gate.operations,
    metadata: () => {
      const { pass: serve } = gate.metadata()
      return async ({ raw, originalUrl }, reply) => {
        const result = serve(fromNode(raw, originalUrl))
        return result.action === 'reply' ? answer(reply, result.reply) : undefined
      }
    },
    openapi: gate.openapi<FastifyGuard>(),
  }
  app.decorate('resourceServer', description)
  app.addHook('onClose', async () => description.close())
  app.decorateRequest('auth', {
    getter(this: FastifyRequest): RequestAuth {
      return gate.token(this.raw)!
    },
  })
}
