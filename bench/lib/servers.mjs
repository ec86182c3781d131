// The same route in each framework: unguarded, with our guard, and with each peer. Every guarded route checks
// the signature with the issuer's key set, one algorithm, `iss`, `aud` and `exp`, and responds with the token's
// subject. Peers are not configured to check more. Our guard always runs all of its checks.
import { createServer } from 'node:http'
import { before, beforeName, signatureOnly } from './contenders.mjs'

export const algorithms = /** @type {const} */ (['RS256'])

/** @typedef {{ issuer: string, jwksUri: string, audience: string }} Setup */
/** @typedef {{ listen: (setup: Setup) => Promise<import('node:http').Server> }} Entry */

/** @typedef {(path: string) => Promise<any>} Load imports one of our packages */

/** @type {(checkout: URL) => Load} */
const loaderOf = (checkout) => (path) =>
  import(new URL(`packages/${path}/dist/index.js`, checkout).href)

/** @type {(setup: Setup) => object} */
const optionsOf = ({ issuer, jwksUri, audience }) => ({
  issuer,
  jwksUri,
  audience,
  algorithms: [...algorithms],
})

/** @type {(guards: (setup: Setup) => Promise<any[]>, subjectOf?: (request: any) => string) => Entry} */
const express = (guards, subjectOf = () => 'nobody') => ({
  listen: async (setup) => {
    const { default: create } = await import('express')
    const app = create()
    app.disable('etag').disable('x-powered-by')
    app.get('/orders', ...(await guards(setup)), (request, response) => {
      response.json({ subject: subjectOf(request) })
    })
    // Some packages pass refusals on. Express would print them.
    app.use(
      (
        /** @type {any} */ error,
        /** @type {any} */ _request,
        /** @type {any} */ response,
        /** @type {any} */ _next,
      ) => response.status(error.status ?? 500).end(),
    )
    return createServer(app)
  },
})

/** @type {(guards: (setup: Setup) => Promise<any[]>, subjectOf?: (context: any) => string) => Entry} */
const koa = (guards, subjectOf = () => 'nobody') => ({
  listen: async (setup) => {
    const { default: Koa } = await import('koa')
    const app = new Koa()
    for (const guard of await guards(setup)) app.use(guard)
    app.use((context) => {
      context.body = { subject: subjectOf(context) }
    })
    const answer = app.callback()
    return createServer((request, response) => void answer(request, response))
  },
})

/** @type {(guard: (app: any, setup: Setup) => Promise<object>, subjectOf?: (request: any) => string) => Entry} */
const fastify = (guard, subjectOf = () => 'nobody') => ({
  listen: async (setup) => {
    const { default: create } = await import('fastify')
    const app = create()
    const options = await guard(app, setup)
    app.get('/orders', options, async (/** @type {any} */ request) => ({
      subject: subjectOf(request),
    }))
    await app.ready()
    return app.server
  },
})

/** @type {(guards: (setup: Setup) => Promise<any[]>, subjectOf?: (context: any) => string) => Entry} */
const hono = (guards, subjectOf = () => 'nobody') => ({
  listen: async (setup) => {
    const { Hono } = await import('hono')
    const { getRequestListener } = await import('@hono/node-server')
    const app = new Hono()
    for (const guard of await guards(setup)) app.use('/orders', guard)
    app.get('/orders', (context) => context.json({ subject: subjectOf(context) }))
    const listener = getRequestListener(app.fetch)
    return createServer((request, response) => void listener(request, response))
  },
})

/** Keys from jwks-rsa, configured as in its README: cached and rate-limited. */
async function jwksRsa(/** @type {string} */ jwksUri) {
  const { default: library } = await import('jwks-rsa')
  return { library, options: { jwksUri, cache: true, rateLimit: true, jwksRequestsPerMinute: 5 } }
}

/**
 * Checks only the signature, with a key that is already loaded: the minimum cost of a verification over
 * HTTP.
 *
 * @type {(setup: Setup) => Promise<(authorization: string) => void>}
 */
async function signatureAlone({ jwksUri }) {
  const { createPublicKey, verify } = await import('node:crypto')
  const { keys } = await (await fetch(jwksUri)).json()
  const key = createPublicKey({ key: keys[0], format: 'jwk' })
  return (authorization) => {
    const end = authorization.lastIndexOf('.')
    const data = Buffer.from(authorization.slice('Bearer '.length, end), 'latin1')
    const signature = Buffer.from(authorization.slice(end + 1), 'base64url')
    if (!verify('sha256', data, key, signature)) throw new Error('a valid signature was refused')
  }
}

/** Our guard in each framework, from any build. @type {Record<string, (load: Load) => Entry>} */
const ourGuards = {
  Express: (load) =>
    express(
      async (setup) => {
        const { resourceServer } = await load('express')
        return [resourceServer(optionsOf(setup)).requireAudience(setup.audience)]
      },
      (request) => request.auth.subject,
    ),
  Koa: (load) =>
    koa(
      async (setup) => {
        const { resourceServer } = await load('koa')
        return [resourceServer(optionsOf(setup)).requireAudience(setup.audience)]
      },
      (context) => context.state.auth.subject,
    ),
  Fastify: (load) =>
    fastify(
      async (app, setup) => {
        const { resourceServer } = await load('fastify')
        await app.register(resourceServer, optionsOf(setup))
        return { onRequest: app.requireAudience(setup.audience) }
      },
      (request) => request.auth.subject,
    ),
  Hono: (load) =>
    hono(
      async (setup) => {
        const { resourceServer } = await load('fetch')
        const api = resourceServer(optionsOf(setup))
        return [
          async (/** @type {any} */ context, /** @type {any} */ next) => {
            const auth = await api.authenticate(context.req.raw)
            if (!auth.ok) return auth.response
            context.set('auth', auth.token)
            return next()
          },
        ]
      },
      (context) => context.get('auth').subject,
    ),
}

const ours = loaderOf(new URL('../../', import.meta.url))

/** @type {Record<string, Record<string, Entry>>} */
export const servers = {
  Express: {
    bare: express(async () => []),
    [signatureOnly]: express(async (setup) => {
      const check = await signatureAlone(setup)
      return [
        (/** @type {any} */ request, /** @type {any} */ _response, /** @type {any} */ next) => {
          check(request.headers.authorization)
          next()
        },
      ]
    }),
    ours: ourGuards.Express(ours),
    'express-oauth2-jwt-bearer': express(
      async ({ issuer, jwksUri, audience }) => {
        const { auth } = await import('express-oauth2-jwt-bearer')
        return [auth({ issuer, jwksUri, audience, tokenSigningAlg: 'RS256' })]
      },
      (request) => request.auth.payload.sub,
    ),
    'jose by hand': express(
      async ({ issuer, jwksUri, audience }) => {
        const { createRemoteJWKSet, jwtVerify } = await import('jose')
        const keys = createRemoteJWKSet(new URL(jwksUri))
        return [
          async (
            /** @type {any} */ request,
            /** @type {any} */ response,
            /** @type {any} */ next,
          ) => {
            try {
              const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
              const { payload } = await jwtVerify(token, keys, {
                issuer,
                audience,
                algorithms: [...algorithms],
              })
              request.auth = payload
              next()
            } catch {
              response.status(401).end()
            }
          },
        ]
      },
      (request) => request.auth.sub,
    ),
    'express-jwt': express(
      async ({ issuer, jwksUri, audience }) => {
        const { expressjwt } = await import('express-jwt')
        const { library, options } = await jwksRsa(jwksUri)
        const secret = library.expressJwtSecret(options)
        return [expressjwt({ secret, issuer, audience, algorithms: [...algorithms] })]
      },
      (request) => request.auth.sub,
    ),
    'passport-jwt': express(
      async ({ issuer, jwksUri, audience }) => {
        const { default: passport } = await import('passport')
        const { Strategy, ExtractJwt } = await import('passport-jwt')
        const { library, options } = await jwksRsa(jwksUri)
        const strategy = {
          jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
          secretOrKeyProvider: library.passportJwtSecret(options),
          issuer,
          audience,
          algorithms: [...algorithms],
        }
        passport.use(
          new Strategy(strategy, (/** @type {any} */ claims, /** @type {any} */ done) =>
            done(null, claims),
          ),
        )
        return [passport.authenticate('jwt', { session: false })]
      },
      (request) => request.user.sub,
    ),
  },
  Koa: {
    bare: koa(async () => []),
    [signatureOnly]: koa(async (setup) => {
      const check = await signatureAlone(setup)
      return [
        (/** @type {any} */ context, /** @type {any} */ next) => {
          check(context.req.headers.authorization)
          return next()
        },
      ]
    }),
    ours: ourGuards.Koa(ours),
    'koa-jwt': koa(
      async ({ issuer, jwksUri, audience }) => {
        const { default: koaJwt } = await import('koa-jwt')
        const { library, options } = await jwksRsa(jwksUri)
        const secret = library.koaJwtSecret(options)
        return [koaJwt({ secret, issuer, audience, algorithms: [...algorithms] })]
      },
      (context) => context.state.user.sub,
    ),
  },
  Fastify: {
    bare: fastify(async () => ({})),
    [signatureOnly]: fastify(async (_app, setup) => {
      const check = await signatureAlone(setup)
      return {
        onRequest: async (/** @type {any} */ request) => check(request.headers.authorization),
      }
    }),
    ours: ourGuards.Fastify(ours),
    '@fastify/jwt': fastify(fastifyJwt(false), (request) => request.user.sub),
    '@fastify/jwt, cache': fastify(fastifyJwt(10_000), (request) => request.user.sub),
  },
  Hono: {
    bare: hono(async () => []),
    [signatureOnly]: hono(async (setup) => {
      const check = await signatureAlone(setup)
      return [
        (/** @type {any} */ context, /** @type {any} */ next) => {
          check(context.req.raw.headers.get('authorization'))
          return next()
        },
      ]
    }),
    ours: ourGuards.Hono(ours),
    'hono/jwk': hono(
      async ({ issuer, jwksUri, audience }) => {
        const { jwk } = await import('hono/jwk')
        const verification = { iss: issuer, aud: audience }
        const { keys } = await (await fetch(jwksUri)).json()
        // With a URL it fetches the key set for every request, so it gets the keys.
        return [jwk({ keys, alg: [...algorithms], verification })]
      },
      (context) => context.get('jwtPayload').sub,
    ),
  },
}

/** @type {(cache: number | false) => (app: any, setup: Setup) => Promise<object>} */
function fastifyJwt(cache) {
  return async (app, { issuer, audience }) => {
    const { default: plugin } = await import('@fastify/jwt')
    const { default: buildGetJwks } = await import('get-jwks')
    const getJwks = buildGetJwks({ issuersWhitelist: [issuer] })
    app.register(plugin, {
      decode: { complete: true },
      secret: (/** @type {any} */ _request, /** @type {any} */ { header: { kid, alg } }) =>
        getJwks.getPublicKey({ kid, domain: issuer, alg }),
      verify: { algorithms: [...algorithms], allowedIss: issuer, allowedAud: audience, cache },
    })
    return { onRequest: (/** @type {any} */ request) => request.jwtVerify() }
  }
}

// The guards of the other build are one more contender.
if (before) {
  const load = loaderOf(before)
  for (const [framework, entries] of Object.entries(servers)) {
    const create = ourGuards[framework]
    if (create) entries[beforeName] = create(load)
  }
}
