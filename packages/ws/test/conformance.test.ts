import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Host, startConformance } from '@resource-server/testing/conformance'
import { afterAll, describe, expect, test } from 'vitest'
import { resourceServer, type UpgradeServer } from '../src/index.ts'

// The conformance suite, on the listener of `protect`. Requests of the suite are not handshakes, so the server of ws is
// replaced by one that responds to what it is given. All refusals are those that a handshake gets.

/** What the suite sends that a listener for `upgrade` never gets, with the reason. */
const leftOut: Readonly<Record<string, (id: string, setup: string) => boolean>> = {
  'browsers send no preflight for a WebSocket': (_id, setup) => setup.includes('preflight'),
  'nothing handles errors of a handshake': (_id, setup) => setup === 'throw-refusals',
  'a connection has one handshake': (id) => /^(?:pipelined-|dpop-proof-used-twice$)/.test(id),
}

const answering = (respond: (request: IncomingMessage) => string): UpgradeServer<never> => ({
  options: { noServer: true },
  on: () => {},
  emit: () => true,
  handleUpgrade: (request, socket, _head, callback) => {
    const client = {
      close: () => {},
      terminate: () => {},
      once: () => {},
      on: () => {},
      emit: () => true,
    }
    callback(client as never, request)
    answer(request, socket, respond)
  },
})

function answer(request: IncomingMessage, socket: Duplex, respond: (r: IncomingMessage) => string) {
  const [status, body] = attempt(() => respond(request))
  const length = `Content-Length: ${Buffer.byteLength(body)}`
  const head = [`HTTP/1.1 ${status} Done`, 'Content-Type: text/plain', length, 'Connection: close']
  socket.end(`${head.join('\r\n')}\r\n\r\n${request.method === 'HEAD' ? '' : body}`)
}

function attempt(respond: () => string): readonly [number, string] {
  try {
    return [200, respond()]
  } catch {
    return [500, '']
  }
}

const host: Host = {
  name: 'ws',
  async start({ options, routes }) {
    const api = resourceServer(options)
    const listeners = routes.map(({ method, path, guards, respond }) => {
      const given = guards(api)
      const sockets = answering((request) => respond(() => api.token(request)))
      const listener = given.length > 0 ? api.protect(sockets, ...given) : undefined
      return { key: `${method} ${path}`, sockets, listener }
    })
    const serve = options.resource === undefined ? undefined : api.metadata()
    const server = createServer((request, response) => {
      const next = (): void => {
        const path = new URL(request.url!, 'http://api.test').pathname
        const method = request.method === 'HEAD' ? 'GET' : request.method
        const found = listeners.find(({ key }) => key === `${method} ${path}`)
        if (!found) return void response.writeHead(404).end()
        const { socket } = request
        response.detachSocket(socket)
        if (found.listener) return found.listener(request, socket, Buffer.alloc(0))
        found.sockets.handleUpgrade(request, socket, Buffer.alloc(0), () => {})
      }
      if (serve) serve(request, response, next)
      else next()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      },
    }
  },
}

const suite = await startConformance(host)
afterAll(() => suite.close())

const isLeftOut = (id: string, setup: string): boolean =>
  Object.values(leftOut).some((matches) => matches(id, setup))

describe('the conformance suite', () => {
  const cases = suite.cases.filter(({ id, setup = 'default' }) => !isLeftOut(id, setup))

  test.each(cases.map((each) => [each.id, each] as const))('%s', async (_id, each) => {
    expect(await suite.problems(each)).toEqual([])
  })

  test.each(suite.misconfigurations.map((each) => [each.id, each] as const))(
    '%s is a ConfigError',
    async (_id, each) => {
      expect(await suite.misconfigurationProblems(each)).toEqual([])
    },
  )

  test('leaves out exactly these cases', () => {
    const left = suite.cases.filter(({ id, setup = 'default' }) => isLeftOut(id, setup))
    expect(left.map(({ id }) => id).toSorted()).toEqual([
      'cookie-preflight-with-an-expired-token',
      'cookie-preflight-without-a-token',
      'dpop-proof-used-twice',
      'pipelined-no-credential-then-valid-token',
      'pipelined-three-tokens',
      'pipelined-valid-token-then-no-credential',
      'preflight-allowed',
      'preflight-headers-on-get',
      'preflight-with-a-valid-token',
      'preflight-with-an-expired-token',
      'preflight-with-another-scheme',
      'preflight-without-origin',
      'throw-refusals-with-expired-token',
      'throw-refusals-with-insufficient-scope',
      'throw-refusals-without-credential',
    ])
  })
})
