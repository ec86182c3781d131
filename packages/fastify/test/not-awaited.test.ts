import { createTestIssuer } from '@resource-server/testing'
import fastify, { type FastifyInstance, type onRequestHookHandler } from 'fastify'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { resourceServer, type ResourceServerOptions } from '../src/index.ts'

// Fastify loads plugins later than `register` returns. Until then, the app has no guards.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const options: ResourceServerOptions = {
  issuer: issuer.url,
  clock: issuer.clock,
  audience: 'order-service',
}
const token = issuer.token({ aud: 'order-service', scope: 'orders:read' })

function create(overrides: Partial<ResourceServerOptions> = {}): FastifyInstance {
  const app = fastify()
  onTestFinished(() => app.close())
  void app.register(resourceServer, { ...options, ...overrides })
  return app
}

/** Collects the warnings of this project. */
function captureWarnings() {
  const warnings: string[] = []
  const listener = ({ name, message }: Error) => {
    if (name === 'ResourceServerWarning') warnings.push(message)
  }
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  return warnings
}

/** Loads the app, and waits for what it has warned of until then. */
async function ready(app: FastifyInstance): Promise<void> {
  await app.ready()
  await new Promise((resolve) => setImmediate(resolve))
}

test('a guard does not exist yet after a register that is not awaited', () => {
  const app = create()
  expect(() => app.requireScope('orders:read')).toThrow('app.requireScope is not a function')
})

test('a guard exists in a later plugin', async () => {
  const warnings = captureWarnings()
  const app = create()
  void app.register(async (routes) => {
    routes.get('/', { onRequest: routes.requireScope('orders:read') }, async () => 'in')
  })
  await ready(app)
  const headers = { authorization: `Bearer ${token}` }
  expect((await app.inject({ url: '/', headers })).statusCode).toBe(200)
  expect((await app.inject('/')).statusCode).toBe(401)
  expect(warnings).toEqual([])
})

describe('a hook that is undefined, because the guards do not exist yet,', () => {
  /** JavaScript, or a cast: the types do not allow it. */
  const undefinedHook = (app: FastifyInstance) =>
    app.requireScope as unknown as onRequestHookHandler

  test('is ignored by Fastify, so one warning says that no route is protected, and what to do', async () => {
    const warnings = captureWarnings()
    const app = create()
    app.get('/', { onRequest: undefinedHook(app) }, async () => 'in')
    await ready(app)
    expect((await app.inject('/')).body).toBe('in')
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings).toEqual([
      'A resource server has no guards, so it does not protect any route. If routes use its guards, such as ' +
        'app.requireScope, they were defined before the plugin was loaded, and the guards were undefined. Await ' +
        'app.register(resourceServer, …) before you define routes.',
    ])
  })

  test("is not warned of with log: 'off'", async () => {
    const warnings = captureWarnings()
    const app = create({ log: 'off' })
    app.get('/', { onRequest: undefinedHook(app) }, async () => 'in')
    await ready(app)
    expect(warnings).toEqual([])
  })
})
