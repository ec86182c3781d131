import { createServer } from 'node:http'
import { oidcProvider } from '@resource-server/core/providers'
import * as client1 from '@modelcontextprotocol/sdk/client/index.js'
import * as http1 from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import * as client2 from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { resourceServer } from '../src/index.ts'
import { signIn, startAuthorizationServer } from './authorization-server.ts'
import { listen, type Running, starts, startWithSessions } from './support.ts'

// The client of the SDK finds the authorization server, registers, signs a user in, calls a tool, and requests more
// scopes for another tool. It knows nothing but the URL of the MCP server.

const scopes = 'mcp:basic files:read files:write'
const callback = 'http://127.0.0.1/callback'
const info = { name: 'client', version: '1.0.0' }

/** What both versions of the SDK ask an application to store. */
function application() {
  const stored: Record<string, unknown> = {}
  const authorizations: URL[] = []
  const store = (name: string) => (value: unknown) => void (stored[name] = value)
  const provider = {
    redirectUrl: callback,
    clientMetadata: {
      client_name: 'test',
      redirect_uris: [callback],
      application_type: 'native',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    clientInformation: () => stored['client'] as never,
    saveClientInformation: store('client'),
    tokens: () => stored['tokens'] as never,
    saveTokens: store('tokens'),
    codeVerifier: () => stored['verifier'] as string,
    saveCodeVerifier: store('verifier'),
    redirectToAuthorization: (url: URL) => void authorizations.push(url),
    discoveryState: () => stored['discovery'] as never,
    saveDiscoveryState: store('discovery'),
  }
  return { provider, authorizations, stored }
}

/** The URL of the server is its resource, so it listens before the resource server is created. */
async function startServer(
  start: typeof startWithSessions,
): Promise<Running & { readonly url: URL; readonly issuer: string }> {
  const issuer = await startAuthorizationServer(scopes)
  let listener: ReturnType<ReturnType<typeof resourceServer>['protect']> | undefined
  const front = createServer((req, res) => listener!(req, res))
  const url = new URL(`http://127.0.0.1:${await listen(front.listen(0, '127.0.0.1'))}/mcp`)
  const mcp = resourceServer({
    issuer: oidcProvider(issuer),
    resource: url.href,
    allowInsecureHttp: true,
    baseScopes: ['mcp:basic'],
    tools: { read_file: ['files:read'], write_file: ['files:read', 'files:write'] },
    dpop: 'off',
  })
  const running = await start({ ...mcp, protect: (handler) => (listener = mcp.protect(handler)) })
  return { ...running, url, issuer }
}

interface Session {
  readonly call: (name: string) => Promise<unknown>
  readonly close: () => Promise<void>
}

type Application = ReturnType<typeof application>

/** Connects, and signs in if the server requires it. */
const clients: readonly (readonly [
  name: string,
  start: typeof startWithSessions,
  connect: (url: URL, app: Application) => Promise<Session>,
])[] = [
  [
    'version 1 of the SDK, with a session',
    startWithSessions,
    async (url, { provider, authorizations }) => {
      const authProvider = provider as NonNullable<
        http1.StreamableHTTPClientTransportOptions['authProvider']
      >
      const transport = () => new http1.StreamableHTTPClientTransport(url, { authProvider })
      const first = transport()
      await expect(new client1.Client(info).connect(first)).rejects.toThrow('Unauthorized')
      await first.finishAuth((await signIn(authorizations.at(0)!, callback)).get('code')!)
      const client = new client1.Client(info)
      const second = transport()
      await client.connect(second)
      const call = (name: string) => client.callTool({ name, arguments: {} })
      return {
        call: (name) =>
          call(name).catch(async (error: unknown) => {
            if (authorizations.length < 2) throw error
            await second.finishAuth((await signIn(authorizations.at(1)!, callback)).get('code')!)
            return call(name)
          }),
        close: async () => {
          await second.terminateSession()
          await client.close()
        },
      }
    },
  ],
  [
    'version 2 of the SDK, with MCP 2026-07-28',
    starts[2026][0][1],
    async (url, { provider, authorizations }) => {
      const authProvider = provider as client2.OAuthClientProvider
      const transport = () => new client2.StreamableHTTPClientTransport(url, { authProvider })
      const options = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const
      const first = transport()
      await expect(new client2.Client(info, options).connect(first)).rejects.toThrow('Unauthorized')
      await first.finishAuth(await signIn(authorizations.at(0)!, callback))
      const client = new client2.Client(info, options)
      const second = transport()
      await client.connect(second)
      const call = (name: string) => client.callTool({ name, arguments: {} })
      return {
        call: (name) =>
          call(name).catch(async (error: unknown) => {
            if (authorizations.length < 2) throw error
            await second.finishAuth(await signIn(authorizations.at(1)!, callback))
            return call(name)
          }),
        close: () => client.close(),
      }
    },
  ],
]

test.each(clients)('%s signs in, calls a tool, and steps up', async (_name, start, connect) => {
  const { url, ran, authInfos, issuer } = await startServer(start)
  const app = application()
  const session = await connect(url, app)
  expect(app.authorizations.map(({ origin }) => origin)).toEqual([issuer])
  expect(app.authorizations.at(0)!.searchParams.get('scope')).toBe('mcp:basic')
  expect(app.authorizations.at(0)!.searchParams.get('resource')).toBe(url.href)

  // Not consented to yet: the client asks for all scopes of the call at once.
  expect(await session.call('write_file')).toMatchObject({ content: [{ text: 'write_file ran' }] })
  expect(app.authorizations.at(1)!.searchParams.get('scope')!.split(' ').toSorted()).toEqual(
    scopes.split(' ').toSorted(),
  )
  expect(await session.call('read_file')).toMatchObject({ content: [{ text: 'read_file ran' }] })
  await session.close()

  expect(app.authorizations).toHaveLength(2)
  expect(ran).toEqual(['write_file', 'read_file'])
  expect(authInfos[0]).toMatchObject({
    scopes: expect.arrayContaining(scopes.split(' ')) as unknown,
    resource: url,
    extra: { accessToken: { subject: 'user-1', issuer } },
  })
})
