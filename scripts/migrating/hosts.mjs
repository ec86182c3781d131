// The packages, each configured as in its README for an issuer with a key set and an audience.
import { resourceServer } from '@resource-server/express'

export const audience = 'https://orders.example.com'

/**
 * @typedef {import('@resource-server/testing').TestIssuer} TestIssuer
 * @typedef {import('node:http').RequestListener} Listener
 * @typedef {(load: NodeJS.Require, issuer: TestIssuer) => Listener | Promise<Listener>} SetUp
 */

/** @type {Readonly<Record<string, SetUp>>} */
export const hosts = {
  'express-oauth2-jwt-bearer': (load, { url: issuerBaseURL }) => {
    const { auth } = load('express-oauth2-jwt-bearer')
    return expressApp(load, auth({ issuerBaseURL, audience, tokenSigningAlg: 'RS256' }))
  },
  'express-jwt': (load, { url: issuer, jwksUri }) => {
    const { expressjwt } = load('express-jwt')
    const secret = load('jwks-rsa').expressJwtSecret({ jwksUri, cache: true, rateLimit: true })
    return expressApp(load, expressjwt({ secret, audience, issuer, algorithms: ['RS256'] }))
  },
  'koa-jwt': (load, { url: issuer, jwksUri }) => {
    const app = new (load('koa'))()
    app.silent = true
    const secret = load('jwks-rsa').koaJwtSecret({ jwksUri, cache: true, rateLimit: true })
    app.use(load('koa-jwt')({ secret, audience, issuer, algorithms: ['RS256'] }))
    app.use((/** @type {{ body: string }} */ context) => void (context.body = 'ok'))
    return app.callback()
  },
  '@fastify/jwt': async (load, { url: issuer, jwksUri }) => {
    const app = load('fastify')()
    const keys = load('jwks-rsa')({ jwksUri, cache: true, rateLimit: true })
    await app.register(load('@fastify/jwt'), {
      decode: { complete: true },
      secret: async (
        /** @type {unknown} */ _request,
        /** @type {{ header: { kid: string } }} */ token,
      ) => (await keys.getSigningKey(token.header.kid)).getPublicKey(),
      verify: { allowedAud: audience, allowedIss: issuer, algorithms: ['RS256'] },
    })
    app.addHook('onRequest', (/** @type {{ jwtVerify(): Promise<void> }} */ request) =>
      request.jwtVerify(),
    )
    app.get('/', async () => 'ok')
    await app.ready()
    return app.routing
  },
  'passport-jwt': (load, { url: issuer, jwksUri }) => {
    const { Passport } = load('passport')
    const { Strategy, ExtractJwt } = load('passport-jwt')
    const passport = new Passport()
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: load('jwks-rsa').passportJwtSecret({
        jwksUri,
        cache: true,
        rateLimit: true,
      }),
      issuer,
      audience,
      algorithms: ['RS256'],
    }
    passport.use(
      new Strategy(
        options,
        (/** @type {object} */ claims, /** @type {(error: null, user: object) => void} */ done) =>
          done(null, claims),
      ),
    )
    return expressApp(load, passport.authenticate('jwt', { session: false }))
  },
  '@resource-server/express': (load, { url: issuer, clock }) =>
    expressApp(load, resourceServer({ issuer, audience, clock }).requireAuthentication()),
}

/** @type {(load: NodeJS.Require, guard: unknown) => Listener} */
function expressApp(load, guard) {
  const app = load('express')()
  app.set('env', 'test')
  app.get(
    '/',
    guard,
    (/** @type {unknown} */ _request, /** @type {import('node:http').ServerResponse} */ response) =>
      void response.end('ok'),
  )
  return app
}
