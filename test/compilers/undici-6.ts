// A proxy for the requests for metadata and keys, with undici 6. Every call compiles.
import { createVerifier, type Fetch } from '@resource-server/core'
import { EnvHttpProxyAgent, fetch as undiciFetch, ProxyAgent } from 'undici-6'

const service = { issuer: 'https://as.example.com', audience: 'order-service' }
const dispatcher = new ProxyAgent('http://proxy.example:3128')

createVerifier({ ...service, fetch: undiciFetch })
createVerifier({ ...service, fetch: (url, init) => undiciFetch(url, { ...init, dispatcher }) })
createVerifier({
  ...service,
  fetch: async (url, init) => {
    const response = await undiciFetch(url, { ...init, dispatcher: new EnvHttpProxyAgent() })
    return response
  },
})

// The global fetch still has the type, and so does a wrapper that passes a dispatcher to it.
createVerifier({ ...service, fetch })
createVerifier({
  ...service,
  fetch: (url, init) => fetch(url, { ...init, dispatcher } as RequestInit),
})

// A function that returns something else does not.
// @ts-expect-error the result is not a response
export const withoutBody: Fetch = async () => ({ status: 200, headers: new Headers() })
// @ts-expect-error the body is not a stream
export const text: Fetch = async () => ({ status: 200, headers: new Headers(), body: 'text' })
