import type { IncomingHttpHeaders } from 'node:http'

const header = 'sec-websocket-protocol'

/**
 * Removes tokens from the subprotocols that the application and `ws` see: without `handleProtocols`, `ws` sends the first
 * one back, and many applications log the list.
 *
 * @param name what precedes a token and a dot
 */
export function hideTokens(headers: IncomingHttpHeaders, name: string): void {
  const offered = headers[header]?.split(',').map((protocol) => protocol.trim())
  const others = offered?.filter((protocol) => !protocol.startsWith(`${name}.`)) ?? []
  // oxlint-disable-next-line no-param-reassign -- the headers of the request, which ws reads
  if (others.length > 0) headers[header] = others.join(', ')
  else delete headers[header]
}
