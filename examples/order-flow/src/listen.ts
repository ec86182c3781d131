import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Listening {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Listens on 127.0.0.1, on a free port by default, so that other machines cannot reach the demo. */
export async function listen(server: Server, requested = 0): Promise<Listening> {
  server.listen(requested, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      // Keep-alive connections would keep the process running for seconds.
      server.closeAllConnections()
      await closed
    },
  }
}
