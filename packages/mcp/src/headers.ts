import { type Message, type Messages } from './messages.ts'
import { own, ownObject, type Problem, problem } from './json-rpc.ts'

/** Returns all values of a header by its lowercase name. */
export type HeaderReader = (name: string) => readonly unknown[]

/** The headers of MCP 2026-07-28 that repeat parts of the body, and the session of earlier versions. */
export interface McpHeaders {
  readonly version: string | undefined
  readonly method: string | undefined
  /** Decoded. */
  readonly name: string | undefined
  readonly session: string | undefined
}

const headerNames = {
  version: 'mcp-protocol-version',
  method: 'mcp-method',
  name: 'mcp-name',
  session: 'mcp-session-id',
} as const satisfies Record<keyof McpHeaders, string>

/** Refuses a repeated header: a proxy and the MCP server may each read another one. */
export function readHeaders(read: HeaderReader): McpHeaders | Problem {
  const values = Object.entries(headerNames).map(([key, name]) => [key, read(name), name] as const)
  const repeated = values.find(([, found]) => found.length > 1)
  if (repeated)
    return problem('headerMismatch', `The request has more than one ${repeated[2]} header.`)
  const headers = Object.fromEntries(
    values.map(([key, [value]]) => [key, typeof value === 'string' ? value : undefined]),
  ) as unknown as McpHeaders
  if (headers.name === undefined) return headers
  const name = decodeName(headers.name)
  if (name !== undefined) return { ...headers, name }
  return problem('headerMismatch', 'The mcp-name header is not valid Base64 of UTF-8 text.')
}

const encoded = /^=\?base64\?(.*)\?=$/

/** Names that are not printable ASCII are sent in Base64 (MCP 2026-07-28, "Value Encoding"). */
function decodeName(value: string): string | undefined {
  const base64 = encoded.exec(value)?.[1]
  if (base64 === undefined) return value
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    // `atob` also accepts spaces and missing padding.
    if (btoa(String.fromCharCode(...bytes)) !== base64) return undefined
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The parameter that `Mcp-Name` repeats, by method. */
const nameParameters: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** From this version on, a body is one message. */
const withoutBatches = '2025-06-18'
/** From this version on, each request repeats its version, method and name in headers. */
const withHeaders = '2026-07-28'
const versionMember = 'io.modelcontextprotocol/protocolVersion'

/**
 * Finds where the headers and the body disagree. The body decides what a call requires; a proxy or a log may go by
 * the headers, so a request that says two things is refused.
 */
export function disagreement(
  { version, method, name }: McpHeaders,
  { list, isBatch }: Messages,
): Problem | undefined {
  if (!isBatch) return mismatch({ version, method, name }, list[0]!)
  if (version !== undefined && version >= withoutBatches) {
    return problem('invalidRequest', `MCP ${version} does not support batches. Send one message.`)
  }
  if (method === undefined && name === undefined) return undefined
  return problem('headerMismatch', 'A batch cannot have the headers mcp-method and mcp-name.')
}

function mismatch(
  { version, method, name }: Pick<McpHeaders, 'version' | 'method' | 'name'>,
  message: Message,
): Problem | undefined {
  const parameter = own(nameParameters, message.method ?? '') as string | undefined
  const inBody = {
    version: own(ownObject(message.params, '_meta'), versionMember),
    method: message.method,
    name: parameter === undefined ? undefined : own(message.params, parameter),
  }
  const isModern = [version, inBody.version].some(
    (value) => typeof value === 'string' && value >= withHeaders,
  )
  const isRequired = isModern && message.isRequest
  const rows = [
    ['mcp-protocol-version', version, inBody.version ?? version, isRequired],
    ['mcp-method', method, inBody.method, isRequired],
    // A method without a name ignores the header.
    [
      'mcp-name',
      parameter === undefined ? undefined : name,
      inBody.name,
      isRequired && parameter !== undefined,
    ],
  ] as const
  const missing = rows.find(([, header, , required]) => required && header === undefined)
  if (missing) return problem('headerMismatch', `The request lacks the ${missing[0]} header.`)
  const different = rows.find(([, header, body]) => header !== undefined && header !== body)
  return different && problem('headerMismatch', `The ${different[0]} header and the body disagree.`)
}
