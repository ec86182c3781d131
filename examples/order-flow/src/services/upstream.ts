/** A request to another service or to the authorization server failed. The caller did nothing wrong. */
export class UpstreamError extends Error {
  override readonly name: string = 'UpstreamError'
}

/**
 * Calls the next service with a token that was issued for it. Returns `undefined` on 404.
 *
 * @throws UpstreamError if the service is unreachable or returns another error
 */
export async function getJson(url: string, accessToken: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${accessToken}` }
  const response = await fetch(url, { headers }).catch((cause: unknown) => {
    throw new UpstreamError(`${url} is unreachable`, { cause })
  })
  if (response.status === 404) return undefined
  if (!response.ok) throw new UpstreamError(`${url} returned ${response.status}`)
  return response.json()
}

/**
 * Logs an `UpstreamError` and returns a response body that does not reveal the cause. Other errors
 * are rethrown.
 */
export function badGateway(error: unknown): { readonly title: string; readonly status: 502 } {
  if (!(error instanceof UpstreamError)) throw error
  console.error(error.message)
  return { title: 'Bad Gateway', status: 502 }
}
