import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json, Key } from './keys.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/**
 * An authorization server under the test's control: unlike the test issuer it can publish any key
 * set, well formed or not, and answer in any way.
 */
export interface Authority extends AsyncDisposable {
  readonly url: string
  readonly jwksUri: string
  /** What the key set holds: keys, or JWKs as they stand. */
  publish(keys: readonly (Key | Json)[]): void
  /** The key set's answer, instead of `publish`. `undefined` undoes it. */
  answerKeys(answer: Answer | undefined): void
  /** The metadata's answer. */
  answerMetadata(answer: Answer | undefined): void
  /** Every request so far, in order: its path. */
  readonly asked: readonly string[]
  readonly headersSeen: readonly (readonly string[])[]
  close(): Promise<void>
}

export const json =
  (body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end('internal text of jwks-host.internal')

export async function createAuthority(path = ''): Promise<Authority> {
  const asked: string[] = []
  const headersSeen: (readonly string[])[] = []
  let published: readonly (Key | Json)[] = []
  let keysAnswer: Answer | undefined
  let metadataAnswer: Answer | undefined

  const answer: RequestListener = (request, response) => {
    asked.push(request.url!)
    headersSeen.push(request.rawHeaders)
    if (request.url!.endsWith('/jwks'))
      return (keysAnswer ?? json(keySet(published)))(request, response)
    const metadata = [
      `${path}/.well-known/openid-configuration`,
      `/.well-known/oauth-authorization-server${path}`,
    ].includes(request.url!)
    if (!metadata) return status(404)(request, response)
    return (metadataAnswer ?? json({ issuer: url, jwks_uri: jwksUri }))(request, response)
  }
  const server = createServer(answer)
  server.on('connection', (socket) => socket.unref())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const jwksUri = `${url}/jwks`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    ...{ url, jwksUri, asked, headersSeen, close },
    publish: (next) => {
      published = next
    },
    answerKeys: (next) => {
      keysAnswer = next
    },
    answerMetadata: (next) => {
      metadataAnswer = next
    },
    [Symbol.asyncDispose]: close,
  }
}

export function keySet(published: readonly (Key | Json)[]): { readonly keys: readonly object[] } {
  return { keys: published.map((entry) => ('jwk' in entry ? (entry.jwk as Json) : entry)) }
}

/** An answer that waits until it is let go. */
export function held(answer: Answer): {
  readonly answer: Answer
  readonly asked: Promise<void>
  release(): void
} {
  let arrive = (): void => {}
  let release = (): void => {}
  const asked = new Promise<void>((resolve) => (arrive = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  return {
    answer: (request, response) => {
      arrive()
      void released.then(() => answer(request, response))
    },
    asked,
    release: () => release(),
  }
}
