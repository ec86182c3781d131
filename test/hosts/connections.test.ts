import { once } from 'node:events'
import { createServer } from 'node:http'
import { createVerifier, type TokenWatch } from '@resource-server/core'
import {
  createRevocationList,
  tokenEndedCode,
  watchSocket,
  watchStream,
} from '@resource-server/revocation'
import { createTestIssuer, type TokenOptions } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { listening } from './listen.ts'
import { startStream } from './streams.ts'

// Open connections on real sockets: they end when their token does.

const issuer = await createTestIssuer()
afterAll(() => issuer.close())
const { url, clock } = issuer
const audience = 'order-service'
const token = (options: Partial<TokenOptions> = {}): string =>
  issuer.token({ aud: audience, sub: 'user-42', clientId: 'app', ...options })

function createService() {
  const list = createRevocationList()
  const options = { issuer: url, audience, clock, maxLifetime: 600, revocation: list }
  const verifier = createVerifier(options)
  onTestFinished(() => verifier.close())
  return { list, options, verifier }
}

describe.each(Object.entries(startStream))('a stream of events on %s', (_name, start) => {
  test('ends when its token expires, and its handler can go on writing', async () => {
    const running = await start(createService().options)
    onTestFinished(() => running.close())
    const response = await fetch(`http://127.0.0.1:${running.port}/events`, {
      headers: { authorization: `Bearer ${token({ expiresIn: 60 })}` },
    })
    const reader = response.body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: first\n\n')
    clock.advance(66)
    expect(await reader.read()).toMatchObject({ done: true })
  })
})

/** A server that renews the token of a connection with each message. */
async function startSockets() {
  const { list, verifier } = createService()
  const server = createServer()
  const received: string[] = []
  const sockets = new WebSocketServer({ server })
  const onMessage = async (socket: WebSocket, watch: TokenWatch, jwt: string): Promise<void> => {
    const result = await verifier.check(jwt)
    socket.send(result.ok && watch.renew(result.token) ? 'renewed' : 'not renewed')
  }
  const onConnection = async (socket: WebSocket, authorization: string): Promise<void> => {
    const verified = await verifier.verify(authorization.slice('Bearer '.length))
    const watch = watchSocket(verifier, socket, verified)
    socket.on('message', (data: Buffer) => {
      received.push(data.toString())
      void onMessage(socket, watch, data.toString())
    })
    socket.send('ready')
  }
  sockets.on('connection', (socket, request) => {
    void onConnection(socket, request.headers.authorization ?? '')
  })
  const running = await listening(server.listen(0, '127.0.0.1'))
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await running.close()
  })
  const connect = async (jwt: string) => {
    const headers = { authorization: `Bearer ${jwt}` }
    const socket = new WebSocket(`ws://127.0.0.1:${running.port}`, { headers })
    const messages: string[] = []
    socket.on('message', (data: Buffer) => void messages.push(String(data)))
    await once(socket, 'message')
    const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
    const send = async (text: string): Promise<string> => {
      socket.send(text)
      await once(socket, 'message')
      return messages.at(-1)!
    }
    return { socket, closed, send }
  }
  return { list, connect, received, sockets }
}

describe('a WebSocket', () => {
  test('is closed with 4401 when its token expires', async () => {
    const { connect } = await startSockets()
    const { closed } = await connect(token({ expiresIn: 60 }))
    clock.advance(66)
    expect(await closed).toEqual([tokenEndedCode, 'token expired'])
    expect(tokenEndedCode).toBe(4401)
  })

  test('is closed with 4401 when its token is revoked', async () => {
    const { connect, list } = await startSockets()
    const { closed } = await connect(token({ claims: { sid: 's-1' } }))
    await list.revoke({ issuer: url, sid: 's-1' })
    clock.advance(1)
    expect(await closed).toEqual([tokenEndedCode, 'token revoked'])
  })

  test('whose client does not answer gets no more messages through, and is cut off', async () => {
    const { connect, received, sockets } = await startSockets()
    const { socket, send } = await connect(token({ expiresIn: 60 }))
    await send('before')
    const [serverSide] = sockets.clients
    const closed = once(serverSide!, 'close')
    // The client does not read, so it does not see the close frame.
    socket.pause()
    clock.advance(66)
    serverSide!.on('message', () => void received.push('to a listener that was added later'))
    socket.send('after')
    expect((await closed)[0]).toBe(1006)
    expect(received).toEqual(['before'])
  })

  test('stays open with a new token of the same issuer, subject, and client', async () => {
    const { connect } = await startSockets()
    const { closed, send } = await connect(token({ expiresIn: 60 }))
    expect(await send(token({ expiresIn: 300 }))).toBe('renewed')
    clock.advance(66)
    expect(await send(token({ sub: 'user-43' }))).toBe('not renewed')
    expect(await send(token({ clientId: 'other-app' }))).toBe('not renewed')
    expect(await send(token({ actors: ['svc-a'], clientId: 'app' }))).toBe('not renewed')
    expect(await send(issuer.forge.expired({ aud: audience }))).toBe('not renewed')
    clock.advance(240)
    expect(await closed).toEqual([tokenEndedCode, 'token expired'])
  })

  test('that the client closes is no longer watched', async () => {
    const { connect, list } = await startSockets()
    const { socket, closed } = await connect(token({ claims: { sid: 's-1' } }))
    socket.close(1000)
    expect(await closed).toEqual([1000, ''])
    await list.revoke({ issuer: url, sid: 's-1' })
    clock.advance(1)
    expect(socket.readyState).toBe(WebSocket.CLOSED)
  })
})

describe('watchStream', () => {
  const chunks = (...texts: readonly string[]): ReadableStream<string> =>
    new ReadableStream({
      start: (controller) => {
        for (const text of texts) controller.enqueue(text)
        controller.close()
      },
    })

  test('passes the chunks of its source, and ends with it', async () => {
    const { verifier } = createService()
    const verified = await verifier.verify(token())
    const seen: string[] = []
    for await (const chunk of watchStream(verifier, chunks('a', 'b'), verified)) seen.push(chunk)
    expect(seen).toEqual(['a', 'b'])
  })

  test('cancels its source when the token ends, and when the reader gives up', async () => {
    const { verifier } = createService()
    const reasons: unknown[] = []
    const endless = (): ReadableStream<string> =>
      new ReadableStream({ cancel: (reason) => void reasons.push(reason) })
    const ended = watchStream(verifier, endless(), await verifier.verify(token({ expiresIn: 60 })))
    const next = ended.getReader().read()
    clock.advance(66)
    expect(await next).toMatchObject({ done: true })
    await watchStream(verifier, endless(), await verifier.verify(token())).cancel('enough')
    expect(reasons).toEqual(['token expired', 'enough'])
  })
})
