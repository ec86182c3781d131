import { once } from 'node:events'
import type { Server } from 'node:http'
import { credentials, type handleServerStreamingCall, type handleUnaryCall } from '@grpc/grpc-js'
import { makeClientConstructor, Metadata, type Server as GrpcServer } from '@grpc/grpc-js'
import { ServerCredentials, type ServiceError, status } from '@grpc/grpc-js'
import type { AccessToken } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { createTRPCClient, httpBatchLink, type TRPCClientError } from '@trpc/client'
import type { AnyTRPCRouter } from '@trpc/server'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { listenFetch, loadRecipe, send } from './recipe.ts'

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const order = { aud: 'order-service', sub: 'user-1' }
const tokenWith = (scope: string): string => issuer.token({ ...order, scope })
const forStranger = issuer.token({ ...order, aud: 'other-service', scope: 'orders:read' })
/** Accepted for two more seconds, because the tolerance is five. The recipes use the system clock. */
const almostExpired = (): string => {
  const exp = Math.floor(Date.now() / 1000) - 3
  return issuer.token({ ...order, scope: 'orders:read', claims: { iat: exp - 60, exp } })
}

describe('tRPC', async () => {
  interface Recipe {
    readonly handle: (request: Request) => Promise<Response>
    readonly router: AnyTRPCRouter
    readonly canceled: readonly string[]
  }
  const { handle, canceled } = await loadRecipe<Recipe>('trpc', issuer.url)
  const start = (): Promise<string> => listenFetch(handle)

  // The client of tRPC, without the types of the router, which are in the page.
  async function client(scope: string) {
    const url = `${await start()}/trpc`
    const headers = { Authorization: `Bearer ${tokenWith(scope)}` }
    return createTRPCClient<AnyTRPCRouter>({
      links: [httpBatchLink({ url, headers })],
    }) as unknown as {
      readonly me: { query(): Promise<unknown> }
      readonly forgotten: { query(): Promise<unknown> }
      readonly orders: {
        readonly list: { query(): Promise<unknown> }
        readonly cancel: { mutate(): Promise<unknown> }
      }
    }
  }
  const statusOf = (error: unknown): number | undefined =>
    (error as TRPCClientError<AnyTRPCRouter>).meta?.['response'] instanceof Response
      ? ((error as TRPCClientError<AnyTRPCRouter>).meta!['response'] as Response).status
      : undefined

  test('a batch with all of its scopes', async () => {
    const { me, orders } = await client('orders:read')
    expect(await Promise.all([me.query(), orders.list.query()])).toEqual(['user-1', ['order-1']])
  })

  test('a batch without one of its scopes gets one 403, and none of its calls run', async () => {
    const { me, orders } = await client('other')
    const results = await Promise.allSettled([me.query(), orders.list.query()])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    const before = canceled.length
    const error = await (
      await client('orders:write')
    ).orders.cancel
      .mutate()
      .catch((caught) => caught)
    expect(statusOf(error)).toBe(403)
    expect(canceled).toHaveLength(before)
    await (await client('orders:write orders:read')).orders.cancel.mutate()
    expect(canceled).toHaveLength(before + 1)
  })

  test.each([
    ['orders.list,me', 'orders:read'],
    ['me,orders.list', 'orders:read'],
    ['me%2Corders.list', 'orders:read'],
    ['orders%2elist,me', 'orders:read'],
    ['orders.list,orders.invoices,orders.list', 'orders:read invoices:read'],
  ])('the challenge of the batch %s names the scopes of all calls', async (batch, scope) => {
    const response = await send(`${await start()}/trpc/${batch}?batch=1`, tokenWith('other'))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain(`scope="${scope}"`)
  })

  test('a request without a token gets a challenge, and no tRPC body', async () => {
    const response = await send(`${await start()}/trpc/me`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect((await send(`${await start()}/trpc/me`, forStranger)).status).toBe(401)
  })

  test('a procedure without a row refuses every token', async () => {
    const error = await (await client('orders:read')).forgotten.query().catch((caught) => caught)
    expect(statusOf(error)).toBe(403)
  })
})

describe('gRPC', async () => {
  interface Recipe {
    readonly server: GrpcServer
    readonly tokenOf: (metadata: Metadata) => AccessToken
  }
  const { server, tokenOf } = await loadRecipe<Recipe>('grpc', issuer.url)
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
  const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString())
  const method = (name: string, responseStream: boolean) => ({
    path: `/orders.Orders/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: json,
    requestDeserialize: parse,
    responseSerialize: json,
    responseDeserialize: parse,
  })
  const service = {
    List: method('List', false),
    Watch: method('Watch', true),
    Forgotten: method('Forgotten', false),
  }
  const handled: string[] = []
  const list: handleUnaryCall<unknown, unknown> = ({ metadata }, respond) => {
    handled.push(tokenOf(metadata).subject)
    respond(null, `The orders of ${tokenOf(metadata).subject}`)
  }
  const watch: handleServerStreamingCall<unknown, unknown> = (call) => {
    call.write(tokenOf(call.metadata).subject)
  }
  server.addService(service, { List: list, Watch: watch, Forgotten: list })
  const address = await new Promise<string>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    )
  })
  const Client = makeClientConstructor(service, 'Orders')
  const client = new Client(address, credentials.createInsecure())
  afterAll(() => {
    client.close()
    server.forceShutdown()
  })

  const metadataWith = (...values: readonly string[]): Metadata => {
    const metadata = new Metadata()
    for (const value of values) metadata.add('authorization', value)
    return metadata
  }

  /** Calls a method, and returns its response or the error. */
  const call = (name: 'List' | 'Forgotten', metadata: Metadata): Promise<unknown> =>
    new Promise((resolve) => {
      client[name]!({}, metadata, (error: ServiceError | null, response: unknown) => {
        resolve(error ?? response)
      })
    })

  test('a call with the scope of its method', async () => {
    const metadata = metadataWith(`Bearer ${tokenWith('orders:read')}`)
    expect(await call('List', metadata)).toBe('The orders of user-1')
  })

  test.each([
    ['no token', [], status.UNAUTHENTICATED],
    ['another scheme', ['Basic a'], status.UNAUTHENTICATED],
    ['a token for another service', [`Bearer ${forStranger}`], status.UNAUTHENTICATED],
    ['a token that is not one', ['Bearer a.b.c'], status.UNAUTHENTICATED],
    ['a token without the scope', [`Bearer ${tokenWith('other')}`], status.PERMISSION_DENIED],
  ])('%s', async (_what, values, code) => {
    const before = handled.length
    expect(await call('List', metadataWith(...values))).toMatchObject({ code })
    expect(handled).toHaveLength(before)
  })

  test('two tokens in one value, of which each would be accepted', async () => {
    const value = `Bearer ${tokenWith('orders:read')}`
    const code = status.UNAUTHENTICATED
    expect(await call('List', metadataWith(`${value}, ${value}`))).toMatchObject({ code })
    expect(await call('List', metadataWith(`${value} ${value}`))).toMatchObject({ code })
  })

  test('a method without a row refuses every token', async () => {
    const metadata = metadataWith(`Bearer ${tokenWith('orders:read')}`)
    const details = 'Not allowed for any token'
    expect(await call('Forgotten', metadata)).toMatchObject({
      code: status.PERMISSION_DENIED,
      details,
    })
  })

  test('a stream ends with its token', async () => {
    const stream = client['Watch']!({}, metadataWith(`Bearer ${almostExpired()}`))
    const received: unknown[] = []
    stream.on('data', (message: unknown) => received.push(message))
    const [error] = (await once(stream, 'error').catch((caught: unknown) => [caught])) as [unknown]
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(received).toEqual(['user-1'])
  })

  test('UNAVAILABLE while the keys of the issuer are', async () => {
    const stopped = await createTestIssuer()
    onTestFinished(() => stopped.close())
    const token = stopped.token({ ...order, scope: 'orders:read' })
    const recipe = await loadRecipe<Recipe>('grpc', stopped.url)
    expect(recipe.server).not.toBe(server)
    stopped.stop()
    recipe.server.addService(service, { List: list, Watch: watch, Forgotten: list })
    onTestFinished(() => recipe.server.forceShutdown())
    const port = await new Promise<number>((resolve) => {
      recipe.server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) =>
        resolve(bound),
      )
    })
    const other = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
    onTestFinished(() => other.close())
    const error = await new Promise((resolve) => {
      other['List']!({}, metadataWith(`Bearer ${token}`), resolve)
    })
    expect(error).toMatchObject({ code: status.UNAVAILABLE })
  })
})

describe('Socket.IO', async () => {
  const { server } = await loadRecipe<{ readonly server: Server }>('socket-io', issuer.url)
  let url = ''
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })

  const transports = ['websocket', 'polling'] as const

  function connect(token: unknown, transport: (typeof transports)[number], namespace = '/') {
    const auth = token === undefined ? {} : { token }
    const socket = io(url + namespace, {
      auth,
      transports: [transport],
      forceNew: true,
      reconnection: false,
    })
    onTestFinished(() => void socket.disconnect())
    const connected = new Promise<unknown>((resolve) => {
      socket.once('connect', () => resolve('connected'))
      socket.once('connect_error', (error) =>
        resolve((error as { data?: { reason?: string } }).data?.reason ?? error),
      )
    })
    return { socket, connected }
  }

  describe.each(transports)('over %s', (transport) => {
    test.each([
      ['the scope', () => tokenWith('orders:read'), '/', 'connected'],
      ['no token', () => undefined, '/', 'unauthorized'],
      ['a number', () => 7, '/', 'unauthorized'],
      ['an object', () => ({ a: 1 }), '/', 'unauthorized'],
      ['a token for another service', () => forStranger, '/', 'unauthorized'],
      ['a token without the scope', () => tokenWith('other'), '/', 'forbidden'],
      ['the scope of another namespace', () => tokenWith('orders:read'), '/admin', 'forbidden'],
      ['the scope of that namespace', () => tokenWith('orders:admin'), '/admin', 'connected'],
      ['no token for another namespace', () => undefined, '/admin', 'unauthorized'],
    ])('%s', async (_what, token, namespace, expected) => {
      expect(await connect(token(), transport, namespace).connected).toBe(expected)
    })

    test('the handler of an event has the token', async () => {
      const { socket } = connect(tokenWith('orders:read'), transport)
      expect(await socket.emitWithAck('whoami')).toBe('user-1')
    })
  })

  test('the server disconnects when the token expires', async () => {
    const { socket, connected } = connect(almostExpired(), 'websocket')
    expect(await connected).toBe('connected')
    const reason = await new Promise((resolve) => socket.once('disconnect', resolve))
    expect(reason).toBe('io server disconnect')
  })

  test('an event without a callback does not end the process', async () => {
    const errors: unknown[] = []
    const collect = (error: unknown): void => void errors.push(error)
    process.on('uncaughtException', collect)
    onTestFinished(() => void process.off('uncaughtException', collect))
    const { socket, connected } = connect(tokenWith('orders:read'), 'websocket')
    expect(await connected).toBe('connected')
    for (const argument of [[], ['text'], [{}]]) socket.emit('whoami', ...argument)
    expect(await socket.emitWithAck('whoami')).toBe('user-1')
    expect(errors).toEqual([])
  })

  test('a client that leaves and joins again adds nothing to its connection each time', async () => {
    const warned: string[] = []
    const collect = ({ name }: Error): void => void warned.push(name)
    process.on('warning', collect)
    onTestFinished(() => void process.off('warning', collect))
    // The messages of the protocol: 0 opens, 40 joins a namespace, and 41 leaves it.
    const client = new WebSocket(
      `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
    )
    onTestFinished(() => client.terminate())
    const next = async (): Promise<string> => String((await once(client, 'message'))[0])
    const auth = JSON.stringify({ token: tokenWith('orders:read orders:admin') })
    expect(await next()).toMatch(/^0/)
    // Node warns of more than ten listeners for an event.
    for (const _ of Array.from({ length: 12 })) {
      for (const namespace of ['/,', '/admin,']) {
        client.send(`40${namespace}${auth}`)
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await next()).toMatch(/^40/)
        client.send(`41${namespace}`)
      }
    }
    expect(warned).toEqual([])
  })

  test('a namespace that was not created does not exist', async () => {
    const error = await connect(tokenWith('orders:read'), 'websocket', '/other').connected
    expect(String(error)).toContain('Invalid namespace')
  })
})
