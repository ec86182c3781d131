import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CompleteRequestSchema,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import type { ResourceServer } from '../../packages/mcp/src/index.ts'
import { listen } from '../../packages/mcp/test/support.ts'

// An MCP server with what the conformance suite asks for: results of every kind, requests of the server to the client,
// and notifications. It uses sessions and event streams.

const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const text = { type: 'text', text: 'A text' } as const
const image = { type: 'image', data: pixel, mimeType: 'image/png' } as const
const audio = { type: 'audio', data: 'UklGRiQAAABXQVZF', mimeType: 'audio/wav' } as const
const embedded = (uri: string) =>
  ({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded' } }) as const

/** The tools that only return something. */
const results = {
  test_simple_text: [text],
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [embedded('test://embedded-resource')],
  test_multiple_content_types: [text, image, embedded('test://mixed-content-resource')],
} as const

function addTools(server: McpServer): void {
  for (const [name, content] of Object.entries(results)) {
    server.registerTool(name, { description: name }, () => ({ content: [...content] }))
  }
  server.registerTool('test_error_handling', { description: 'Fails' }, () => ({
    isError: true,
    content: [{ type: 'text', text: 'This tool fails' }],
  }))
  server.registerTool('test_tool_with_logging', { description: 'Logs' }, async (extra) => {
    for (const data of ['started', 'working', 'done']) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await extra.sendNotification({
        method: 'notifications/message',
        params: { level: 'info', data },
      })
    }
    return { content: [text] }
  })
  server.registerTool('test_tool_with_progress', { description: 'Reports' }, async (extra) => {
    const { _meta: meta } = extra
    const progressToken = meta?.progressToken
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      const params = { progressToken, progress, total: 100 } as {
        progressToken: string
        progress: number
      }
      // oxlint-disable-next-line no-await-in-loop -- in order
      await extra.sendNotification({ method: 'notifications/progress', params })
    }
    return { content: [text] }
  })
  const prompt = { inputSchema: { prompt: z.string() }, description: 'Asks the model' }
  server.registerTool('test_sampling', prompt, async (args) => {
    const content = { type: 'text' as const, text: args.prompt }
    const answer = await server.server.createMessage({
      messages: [{ role: 'user', content }],
      maxTokens: 100,
    })
    return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] }
  })
  const message = { inputSchema: { message: z.string() }, description: 'Asks the user' }
  server.registerTool('test_elicitation', message, async (args) => {
    const properties = { username: { type: 'string' as const }, email: { type: 'string' as const } }
    const requestedSchema = { type: 'object' as const, properties, required: ['username', 'email'] }
    const { action } = await server.server.elicitInput({ message: args.message, requestedSchema })
    return { content: [{ type: 'text', text: action }] }
  })
}

function addResources(server: McpServer): void {
  const plain = { mimeType: 'text/plain' }
  server.registerResource('text', 'test://static-text', plain, ({ href }) => ({
    contents: [{ uri: href, ...plain, text: 'A static text' }],
  }))
  const png = { mimeType: 'image/png' }
  server.registerResource('binary', 'test://static-binary', png, ({ href }) => ({
    contents: [{ uri: href, ...png, blob: pixel }],
  }))
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  server.registerResource('template', template, plain, ({ href }, { id }) => ({
    contents: [{ uri: href, ...plain, text: JSON.stringify({ id }) }],
  }))
  server.registerResource('watched', 'test://watched-resource', plain, ({ href }) => ({
    contents: [{ uri: href, ...plain, text: 'Watched' }],
  }))
}

function addPrompts(server: McpServer): void {
  const say = (
    ...contents: readonly (typeof text | typeof image | ReturnType<typeof embedded>)[]
  ) => ({
    messages: contents.map((content) => ({ role: 'user' as const, content })),
  })
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => say(text))
  const args = { arg1: z.string(), arg2: z.string() }
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With arguments', argsSchema: args },
    ({ arg1, arg2 }) => ({
      messages: [{ role: 'user', content: { type: 'text', text: `${arg1} and ${arg2}` } }],
    }),
  )
  const uri = { resourceUri: z.string() }
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: uri },
    ({ resourceUri }) => say(embedded(resourceUri), text),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () =>
    say(image, text),
  )
}

function createConformanceServer(): McpServer {
  const capabilities = { logging: {}, completions: {}, resources: { subscribe: true } }
  const server = new McpServer({ name: 'conformance', version: '1.0.0' }, { capabilities })
  addTools(server)
  addResources(server)
  addPrompts(server)
  for (const schema of [SetLevelRequestSchema, SubscribeRequestSchema, UnsubscribeRequestSchema]) {
    server.server.setRequestHandler(schema, () => ({}))
  }
  server.server.setRequestHandler(CompleteRequestSchema, () => ({
    completion: { values: [], total: 0, hasMore: false },
  }))
  return server
}

export async function startConformanceServer(
  mcp: Pick<ResourceServer, 'protect'>,
): Promise<{ readonly port: number }> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const openTransport = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
    })
    await createConformanceServer().connect(transport)
    return transport
  }
  const listener = mcp.protect(async (req, res, body) => {
    const known = transports.get(String(req.headers['mcp-session-id']))
    await (known ?? (await openTransport())).handleRequest(req, res, body)
  })
  return { port: await listen(createServer(listener).listen(0, '127.0.0.1')) }
}
