import '../src/augment.ts'
import express from 'express'
import { expect, onTestFinished, test, vi } from 'vitest'
import { bearer, createApi, send, serve, startIssuer } from './support.ts'

// The augmentation changes Express's prototype for the whole process, so it has a file of its own.

const issuer = await startIssuer()
const api = createApi(issuer)

test('req.auth throws on a request that no guard has seen, and is the token after a guard', async () => {
  const app = express().set('env', 'test')
  app.get('/open', (req, res) => void res.json(req.auth.subject))
  app.get('/', api.requireAuthentication(), (req, res) => void res.json(req.auth.subject))
  const port = await serve(app)
  expect((await send(port, '/open')).status).toBe(500)
  const headers = bearer(issuer.token({ aud: 'order-service' }))
  expect((await send(port, '/', headers)).body).toBe('"user-42"')
})

test('a write before a guard is ignored with one warning, and is never taken for a token', async () => {
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  const app = express().set('env', 'test')
  app.use((req, _res, next) => {
    Object.assign(req, { auth: { subject: 'attacker' } })
    next()
  })
  app.get('/', (req, res) => void res.json(req.auth.subject))
  const port = await serve(app)
  for (const _ of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await send(port, '/')).status).toBe(500)
  }
  await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(1))
  const message = warned.mock.calls[0]?.[0].message
  expect(message).toContain('A write to req.auth was ignored')
  expect(message).toContain('augment.test.ts')
})
