import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { Agent, fetch as undiciFetch } from 'undici'
import type { HopFetch } from '../src/index.ts'

// The certificates in tls/ were made for these tests with openssl and are not used elsewhere. All but that of the
// unknown authority are from ca.pem.

const pem = (name: string): string =>
  readFileSync(new URL(`tls/${name}.pem`, import.meta.url), 'utf8')

const identity = (name: string) => ({ key: pem(name), cert: pem(name) })

const servers = {
  good: identity('good'),
  expired: identity('expired'),
  otherHost: identity('otherHost'),
  unknownAuthority: identity('unknownAuthority'),
  tls10: {
    ...identity('good'),
    ...({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const),
  },
} satisfies Record<string, ServerOptions>

export interface TlsServer {
  readonly url: string
  /** The requests that got through TLS, with the name in the client's certificate. */
  readonly requests: readonly { readonly body: string; readonly client: string }[]
}

/** Starts a token endpoint with TLS. It sends `answer` to each request. */
export async function startTls(
  kind: keyof typeof servers,
  answer: object,
  options: ServerOptions = {},
): Promise<TlsServer> {
  const requests: { body: string; client: string }[] = []
  const server = createServer({ ...servers[kind], ...options }, (request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      requests.push({ body, client: String(subject?.CN) })
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })()
  }).listen(0, '127.0.0.1')
  // Handshakes that fail are the point of the tests.
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}/token`, requests }
}

/** A `fetch` that trusts the authority of these tests, and has a certificate if one is named. */
export function trustingFetch(client?: 'client'): HopFetch {
  const dispatcher = new Agent({
    connect: { ca: pem('ca'), ...(client && identity(client)) },
  })
  onTestFinished(() => dispatcher.close())
  return (url, init) =>
    undiciFetch(url, { ...(init as object), dispatcher }) as unknown as Promise<Response>
}

export const clientAuthority = (): ServerOptions => ({
  ...{ ca: pem('ca'), requestCert: true, rejectUnauthorized: true },
})
