import { describe, expect, test } from 'vitest'
import { type DecisionRecord, resourceServer } from '../src/index.ts'
import { dial, exchange, handler, hosts, serve, startIssuer, withResolvers } from './support.ts'

// What HTTP libraries would not send, over plain TCP.

const issuer = await startIssuer()
const good = issuer.token({ aud: 'order-service' })
const start = ['GET / HTTP/1.1', 'Host: orders', 'Connection: close']

type Attempt = readonly [what: string, lines: readonly string[], status: number]
const attempts: readonly Attempt[] = [
  ['one header', [`Authorization: Bearer ${good}`], 200],
  ['another spelling of name and scheme', [`aUTHORIZATION: bEARER ${good}`], 200],
  ['the same header twice', Array(2).fill(`Authorization: Bearer ${good}`), 400],
  ['a good one first', [`Authorization: Bearer ${good}`, 'Authorization: Bearer x'], 400],
  ['a good one last', ['Authorization: Bearer x', `Authorization: Bearer ${good}`], 400],
  ['another scheme beside it', ['Authorization: Basic eDp5', `authorization: Bearer ${good}`], 400],
  ['an empty one beside it', ['Authorization:', `Authorization: Bearer ${good}`], 400],
  ['two in one line', [`Authorization: Bearer ${good}, Bearer ${good}`], 400],
  ['two spaces', [`Authorization: Bearer  ${good}`], 400],
  ['a tab', [`Authorization: Bearer\t${good}`], 400],
  ['no token', ['Authorization: Bearer'], 400],
  ['an empty header', ['Authorization:'], 400],
  ['only another header', [`Proxy-Authorization: Bearer ${good}`], 401],
]

describe.each(hosts)('on $host', ({ express }) => {
  const options = { issuer: issuer.url, clock: issuer.clock, audience: 'order-service' }

  test.each(attempts)('%s', async (_what, lines, status) => {
    const route = handler()
    const guard = resourceServer(options).requireAuthentication()
    const port = await serve(express().get('/', guard, route))
    expect(await exchange(port, ...start, ...lines)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(route).toHaveBeenCalledTimes(status === 200 ? 1 : 0)
  })

  test('a caller who hangs up before the verdict is recorded all the same', async () => {
    const asked = withResolvers<void>()
    const answer = withResolvers<boolean>()
    const recorded = withResolvers<DecisionRecord>()
    const api = resourceServer({ ...options, onDecision: recorded.resolve })
    const guard = api.requirePolicy(() => {
      asked.resolve()
      return answer.promise
    })
    const gone = withResolvers<void>()
    const app = express().use((_req, res, next) => {
      res.once('close', gone.resolve)
      next()
    })
    const socket = await dial(await serve(app.get('/', guard, handler())))
    socket.write([...start, `Authorization: Bearer ${good}`, '', ''].join('\r\n'))
    await asked.promise
    socket.destroy()
    await gone.promise
    answer.resolve(true)
    expect(await recorded.promise).toMatchObject({ outcome: 'granted', subject: 'user-42' })
  })
})
