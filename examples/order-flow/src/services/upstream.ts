/** Something behind this service failed. That is no fault of its caller. */
export class UpstreamError extends Error {
  override readonly name: string = 'UpstreamError'
}

/** Calls the next service with a token made for it. `undefined`: there is no such thing (404). */
export async function getJson(url: string, accessToken: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${accessToken}` }
  const response = await fetch(url, { headers }).catch((cause: unknown) => {
    throw new UpstreamError(`${url} cannot be reached`, { cause })
  })
  if (response.status === 404) return undefined
  if (!response.ok) throw new UpstreamError(`${url} answered ${response.status}`)
  return response.json()
}

/** The caller learns that something failed. What it was stays in the log. */
export function badGateway(error: unknown): { readonly title: string; readonly status: 502 } {
  if (!(error instanceof UpstreamError)) throw error
  console.error(error.message)
  return { title: 'Bad Gateway', status: 502 }
}
