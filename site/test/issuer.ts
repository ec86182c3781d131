import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { newKeyPair } from '../../test/key-pairs.ts'
import { certificateOf } from '../../test/security/fixtures/certificate.ts'

export interface Issuer extends AsyncDisposable {
  readonly url: string
  /** The requests as they arrived: method, URL, headers, and body. */
  readonly received: readonly Received[]
}

export interface Received {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An issuer with TLS on a loopback address, which lets every origin read its metadata and its keys. */
export async function startIssuer(keySet: object): Promise<Issuer> {
  const keys = newKeyPair(['ec', { namedCurve: 'P-256' }])
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const received: Received[] = []
  const server = createServer({ key, cert: certificateOf(keys) }, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { method, url, headers } = request
      received.push({ line: `${method} ${url}`, headers, body })
      const content = url === '/keys' ? keySet : { issuer: origin(), jwks_uri: `${origin()}/keys` }
      response.setHeader('access-control-allow-origin', '*').end(JSON.stringify(content))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = (): string => `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: origin(),
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
