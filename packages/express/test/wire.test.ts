import { describe, expect, test } from 'vitest'
import { type DecisionRecord, resourceServer } from '../src/index.ts'
import {
  handler,
  hosts,
  openSocket,
  sendRaw,
  serve,
  startIssuer,
  withResolvers,
} from './support.ts'

// Requests that HTTP libraries cannot send, over plain TCP.

const issuer = await startIssuer()
const validToken = issuer.token({ aud: 'order-service' })
const requestLines = ['GET / HTTP/1.1', 'Host: orders', 'Connection: close']

type HeaderCase = readonly [title: string, lines: readonly string[], status: number]
const headerCases: readonly HeaderCase[] = [
  ['accepts one Authorization header', [`Authorization: Bearer ${validToken}`], 200],
  ['accepts any case of header name and scheme', [`aUTHORIZATION: bEARER ${validToken}`], 200],
  ['refuses the same header twice', Array(2).fill(`Authorization: Bearer ${validToken}`), 400],
  [
    'refuses a valid header followed by another one',
    [`Authorization: Bearer ${validToken}`, 'Authorization: Bearer x'],
    400,
  ],
  [
    'refuses a valid header preceded by another one',
    ['Authorization: Bearer x', `Authorization: Bearer ${validToken}`],
    400,
  ],
  [
    'refuses a valid header plus another scheme',
    ['Authorization: Basic eDp5', `authorization: Bearer ${validToken}`],
    400,
  ],
  [
    'refuses a valid header plus an empty one',
    ['Authorization:', `Authorization: Bearer ${validToken}`],
    400,
  ],
  [
    'refuses two credentials in one header',
    [`Authorization: Bearer ${validToken}, Bearer ${validToken}`],
    400,
  ],
  ['refuses two spaces after the scheme', [`Authorization: Bearer  ${validToken}`], 400],
  ['refuses a tab after the scheme', [`Authorization: Bearer\t${validToken}`], 400],
  ['refuses a scheme without a token', ['Authorization: Bearer'], 400],
  ['refuses an empty header', ['Authorization:'], 400],
  ['ignores a Proxy-Authorization header', [`Proxy-Authorization: Bearer ${validToken}`], 401],
]

describe.each(hosts)('on %s', (_host, express) => {
  const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }

  test.each(headerCases)('%s', async (_title, lines, status) => {
    const route = handler()
    const guard = resourceServer(options).requireAuthentication()
    const port = await serve(express().get('/', guard, route))
    expect(await sendRaw(port, ...requestLines, ...lines)).toMatch(
      new RegExp(`^HTTP/1.1 ${status} `),
    )
    expect(route).toHaveBeenCalledTimes(status === 200 ? 1 : 0)
  })

  test('records the decision even if the caller disconnects first', async () => {
    const policyCalled = withResolvers<void>()
    const policyResult = withResolvers<boolean>()
    const record = withResolvers<DecisionRecord>()
    const api = resourceServer({ ...options, onDecision: record.resolve })
    const guard = api.requirePolicy(() => {
      policyCalled.resolve()
      return policyResult.promise
    })
    const disconnected = withResolvers<void>()
    const app = express().use((_req, res, next) => {
      res.once('close', disconnected.resolve)
      next()
    })
    const socket = await openSocket(await serve(app.get('/', guard, handler())))
    socket.write([...requestLines, `Authorization: Bearer ${validToken}`, '', ''].join('\r\n'))
    await policyCalled.promise
    socket.destroy()
    await disconnected.promise
    policyResult.resolve(true)
    expect(await record.promise).toMatchObject({ outcome: 'granted', subject: 'user-42' })
  })
})
