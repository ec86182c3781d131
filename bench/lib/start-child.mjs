// Imports one package in a new process and gives it a first token. Prints the cost as JSON. What is imported
// before, such as the framework of an adapter, is not counted.

/** @typedef {{ issuer: string, audience: string, jwk: any, pem: string, algorithm: any, token: string }} Setup */
/** @typedef {{ name?: string, before?: () => Promise<unknown>, first?: (module: any, setup: Setup, prepared: any) => unknown }} Contender */

const dist = (/** @type {string} */ name) =>
  new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href

/** @type {(setup: Setup) => object} */
const optionsFor = ({ issuer, audience, jwk }) => ({ issuer, audience, jwks: { keys: [jwk] } })

/**
 * One of our packages that needs a framework, which the application has imported already.
 *
 * @type {(name: string, ...frameworks: string[]) => Contender}
 */
const packageFor = (name, ...frameworks) => ({
  name: dist(name),
  before: () =>
    Promise.all(frameworks.map((each) => import(import.meta.resolve(each, dist(name))))),
})

/** @type {Record<string, Contender>} */
const contenders = {
  'node alone': {},
  core: {
    name: dist('core'),
    first: ({ createVerifier }, setup) => createVerifier(optionsFor(setup)).verify(setup.token),
  },
  express: packageFor('express', 'express'),
  koa: packageFor('koa', 'koa'),
  fastify: packageFor('fastify', 'fastify'),
  hono: packageFor('hono', 'hono', 'hono/route'),
  ws: packageFor('ws', 'ws'),
  mcp: packageFor(
    'mcp',
    '@modelcontextprotocol/server',
    '@modelcontextprotocol/sdk/server/auth/errors.js',
  ),
  nestjs: packageFor('nestjs', '@nestjs/common', '@nestjs/core'),
  opentelemetry: packageFor('opentelemetry', '@opentelemetry/api'),
  redis: packageFor('redis', 'redis'),
  exchange: packageFor('exchange'),
  introspection: packageFor('introspection'),
  revocation: packageFor('revocation'),
  trace: packageFor('trace'),
  cli: packageFor('cli'),
  fetch: {
    name: dist('fetch'),
    before: async () => new Request('https://api.example.com/orders'),
    first: async ({ resourceServer }, setup, request) => {
      request.headers.set('Authorization', `Bearer ${setup.token}`)
      const auth = await resourceServer(optionsFor(setup)).authenticate(request)
      if (!auth.ok) throw new Error('a valid token was refused')
    },
  },
  jose: {
    name: 'jose',
    first: ({ createLocalJWKSet, jwtVerify }, { jwk, token, ...checks }) => {
      const { issuer, audience, algorithm } = checks
      const keys = createLocalJWKSet({ keys: [jwk] })
      return jwtVerify(token, keys, { issuer, audience, algorithms: [algorithm] })
    },
  },
  'fast-jwt': {
    name: 'fast-jwt',
    first: ({ createVerifier }, { pem, algorithm, issuer, audience, token }) => {
      const checks = { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience }
      return createVerifier({ key: pem, ...checks })(token)
    },
  },
  jsonwebtoken: {
    name: 'jsonwebtoken',
    first: ({ default: library }, { pem, algorithm, issuer, audience, token }) =>
      library.verify(token, pem, { issuer, audience, algorithms: [algorithm] }),
  },
  'aws-jwt-verify': {
    name: 'aws-jwt-verify',
    first: ({ JwtVerifier }, { issuer, audience, jwk, token }) => {
      const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` })
      verifier.cacheJwks({ keys: [jwk] })
      return verifier.verifySync(token)
    },
  },
}

/** @type {<T>(work: () => T) => Promise<{ result: Awaited<T>, cpu: number, wall: number, rss: number }>} */
async function costOf(work) {
  const rss = process.memoryUsage.rss()
  const cpu = process.cpuUsage()
  const start = performance.now()
  const result = await work()
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const grown = (process.memoryUsage.rss() - rss) / 2 ** 20
  return { result, cpu: (user + system) / 1000, wall, rss: grown }
}

const [wanted = '', text = '{}'] = process.argv.slice(2)
const { name, before, first } = contenders[wanted] ?? {}
const setup = JSON.parse(text)
const prepared = await before?.()
const imported = await costOf(async () => (name === undefined ? undefined : import(name)))
const verified = first && (await costOf(async () => first(imported.result, setup, prepared)))
if (wanted === '') console.log(JSON.stringify(Object.keys(contenders)))
else {
  const { cpu, wall, rss } = imported
  const inFirst = verified && { firstCpu: verified.cpu, firstWall: verified.wall }
  console.log(JSON.stringify({ cpu, wall, rss, ...inFirst }))
}
