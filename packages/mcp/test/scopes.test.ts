import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { createMcp, listen, resource, send, startIssuer } from './support.ts'

const issuer = await startIssuer()
const rules = {
  baseScopes: ['base'],
  tools: { secret: ['tool'] },
  prompts: { secret: ['prompt'] },
  resources: { 'file:///secret': ['file'] },
} as const

/** A server that only says that a request has reached it. */
async function start(options: object = rules): Promise<number> {
  const listener = createMcp(issuer, options).protect((_req, res) => void res.end('reached'))
  return listen(createServer(listener).listen(0, '127.0.0.1'))
}

const name = 'secret'
const uri = 'file:///secret'

test.each<readonly [method: string, params: object, scope: string]>([
  ['tools/call', { name }, 'tool'],
  ['prompts/get', { name }, 'prompt'],
  ['resources/read', { uri }, 'file'],
  ['resources/subscribe', { uri }, 'file'],
  ['resources/unsubscribe', { uri }, 'file'],
  ['completion/complete', { ref: { type: 'ref/prompt', name } }, 'prompt'],
  ['completion/complete', { ref: { type: 'ref/resource', uri } }, 'file'],
  ['subscriptions/listen', { notifications: { resourceSubscriptions: ['a', uri] } }, 'file'],
])('%s with %j requires the scope %s, also as a notification', async (method, params, scope) => {
  const port = await start()
  const call = async (
    scopes: string,
    more: object,
  ): Promise<readonly [number, string | undefined]> => {
    const token = issuer.token({ aud: resource, scope: scopes })
    const { status, headers } = await send(port, {
      token,
      body: { jsonrpc: '2.0', method, params, ...more },
    })
    return [status, /scope="([^"]*)"/.exec(headers['www-authenticate'] ?? '')?.[1]]
  }
  for (const more of [{ id: 1 }, {}]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await call('base', more)).toEqual([403, `base ${scope}`])
    // oxlint-disable-next-line no-await-in-loop
    expect(await call(`base ${scope}`, more)).toEqual([200, undefined])
  }
})

test.each([
  ['tools/list', {}],
  ['tools/call', { name: 'other' }],
  ['resources/read', { uri: 'file:///other' }],
  ['subscriptions/listen', { notifications: { toolsListChanged: true } }],
  ['tools/call/', { name }],
])('%s with %j requires baseScopes', async (method, params) => {
  const port = await start()
  const statusOf = async (scope: string): Promise<number> => {
    const token = issuer.token({ aud: resource, scope })
    return (await send(port, { token, body: { jsonrpc: '2.0', id: 1, method, params } })).status
  }
  expect([await statusOf('tool prompt file'), await statusOf('base')]).toEqual([403, 200])
})

test.each([
  ['without padding', '=?base64?c2VjcmV0MQ?='],
  ['with spaces', '=?base64?c2Vj cmV0MQ==?='],
  ['with bits that are not used', '=?base64?c2VjcmV0MR==?='],
  ['of bytes that are not UTF-8', '=?base64?/w==?='],
])('Base64 %s is refused', async (_what, value) => {
  const port = await start({ baseScopes: [] })
  const token = issuer.token({ aud: resource })
  const call = async (encoded: string): Promise<number> => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'secret1' } }
    return (await send(port, { token, headers: { 'Mcp-Name': encoded }, body })).status
  }
  expect([await call('=?base64?c2VjcmV0MQ==?='), await call(value)]).toEqual([200, 400])
})
