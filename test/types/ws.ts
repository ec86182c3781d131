import { createServer } from 'node:http'
import { resourceServer as express } from '@resource-server/express'
import { type AccessToken, fromSubprotocol, resourceServer } from '@resource-server/ws'
import { WebSocketServer } from 'ws'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }
const api = resourceServer<{ tenant: string }>(options)
const sockets = new WebSocketServer({ noServer: true })

createServer().on('upgrade', api.protect(sockets, api.requireScope('orders:read')))
sockets.on('connection', (socket, request) => {
  // The token has the declared claims, without a cast, for the socket and for the request.
  const tenant: string = api.token(socket).claims.tenant
  socket.send(tenant + api.token(request).subject)
  const renewed: Promise<boolean> = api.renew(socket, 'eyJ…')
  void renewed.then((isRenewed) => socket.send(String(isRenewed)))
})

// @ts-expect-error a guard of another package
api.protect(sockets, express(options).requireScope('orders:read'))
// @ts-expect-error the factory must be called: it returns the guard
api.protect(sockets, api.requireScope)
// @ts-expect-error the server of ws is missing
api.protect(api.requireScope('orders:read'))
// @ts-expect-error a handshake has no error handling
resourceServer({ ...options, onRefusal: 'throw' })
// @ts-expect-error browsers send no preflight for a WebSocket
resourceServer({ ...options, allowPreflight: true })

const lenient = resourceServer({ ...options, optional: true })
sockets.on('connection', (socket) => {
  // @ts-expect-error an anonymous connection has no token
  const certain: AccessToken = lenient.token(socket)
  const possible: AccessToken | undefined = lenient.token(socket)
  socket.send(String(certain === possible))
})

export const browsers = resourceServer({ ...options, credential: fromSubprotocol('access_token') })
