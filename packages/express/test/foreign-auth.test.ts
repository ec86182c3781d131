import type express5 from 'express'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { bearer, createApi, hosts, send, serve, startIssuer } from './support.ts'

// Other code that writes `req.auth` on the same request. The MCP SDK does, too: test/mcp-sdk of the repository.

const issuer = await startIssuer()

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

describe.each(hosts)('on %s', (_host, express) => {
  test.each<readonly [string, (req: express5.Request) => void]>([
    ['an assignment in strict mode', (req) => void ((req as { auth?: unknown }).auth = 'foreign')],
    ['Object.assign', (req) => void Object.assign(req, { auth: { subject: 'attacker' } })],
    ['Object.assign of the body', (req) => void Object.assign(req, req.body)],
    ['Reflect.set', (req) => expect(Reflect.set(req, 'auth', 'foreign')).toBe(true)],
  ])('%s after a guard changes neither req.auth nor api.token', async (_how, write) => {
    const warnings = captureWarnings()
    const api = createApi(issuer)
    const app = express().use(express.json(), api.requireAuthentication(), (req, _res, next) => {
      req.body = { auth: { subject: 'attacker' } }
      write(req)
      next()
    })
    app.get('/', api.requireAuthentication(), (req, res) => {
      res.json([(req as { auth?: { subject?: string } }).auth?.subject, api.token(req).subject])
    })
    const { body } = await send(
      await serve(app),
      '/',
      bearer(issuer.token({ aud: 'order-service' })),
    )
    expect(JSON.parse(body)).toEqual(['user-42', 'user-42'])
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toContain("A write to 'auth' of a request was ignored")
    expect(warnings[0]).not.toContain('attacker')
  })
})
