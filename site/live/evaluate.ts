import { ConfigError, type DecisionRecord, type ResourceServerOptions } from '@resource-server/core'
import { explain } from '@resource-server/core/explain'
import { resourceServer } from '@resource-server/fetch'
import { decodeToken, type DecodedToken } from './decode.ts'
import { createRoute } from './guards.ts'
import type { Inputs } from './inputs.ts'
import { createJws, createProof, keySetOf, type PageKeys } from './mint.ts'
import { type PathStep, pathOf } from './path.ts'
import { optionsOf } from './setup.ts'

/** An HTTP response, as text. */
export interface ShownResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** What a service with this setup does with the token. */
export interface Decision {
  readonly kind: 'decision'
  readonly token: string
  readonly decoded: DecodedToken | undefined
  readonly record: DecisionRecord
  readonly response: ShownResponse
  readonly path: readonly PathStep[]
  readonly request: { readonly url: string; readonly scheme: string; readonly hasProof: boolean }
}

/** The setup or the input has a mistake, so that no token can be decided. */
export interface Misuse {
  readonly kind: 'misuse'
  readonly problem: string
  readonly fix: string
}

/** The token box is empty. */
export interface Waiting {
  readonly kind: 'waiting'
}

export type Result = Decision | Misuse | Waiting

/**
 * Runs the token through the gate of `@resource-server/fetch`, as a service does, and through `explain`. All keys are
 * given, so nothing is fetched.
 */
export async function evaluate(inputs: Inputs, keys: PageKeys): Promise<Result> {
  try {
    const token = await tokenOf(inputs, keys)
    if (token === '') return { kind: 'waiting' }
    return await decide(token, inputs, keys)
  } catch (error) {
    if (error instanceof ConfigError) {
      return { kind: 'misuse', problem: error.problem, fix: error.fix }
    }
    throw error
  }
}

async function tokenOf(inputs: Inputs, keys: PageKeys): Promise<string> {
  const { tokenFrom, pastedToken, header, claims, signing } = inputs
  if (tokenFrom === 'pasted') return pastedToken.trim()
  const signers = { page: keys.issuer, unknown: keys.unknown, none: undefined }
  return createJws(compact(header, 'header'), compact(claims, 'claims'), signers[signing])
}

/** Without the spaces that make it readable. */
function compact(text: string, what: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch (error) {
    throw new ConfigError(
      `The JSON of the ${what} has a mistake: ${(error as Error).message}.`,
      'Correct it, or choose an example.',
    )
  }
}

async function decide(token: string, inputs: Inputs, keys: PageKeys): Promise<Decision> {
  const options = optionsOf(inputs, keySetOf(keys))
  const { checks } = await explain(token, options, {
    offline: true,
    guards: (guards) => createRoute(guards, inputs.guards),
  })
  const request = await requestOf(token, inputs, keys)
  const { response, record } = await answer(request, options, inputs)
  return {
    kind: 'decision',
    token,
    decoded: decodeToken(token),
    record,
    response,
    path: pathOf(checks, record),
    request: { url: inputs.url, scheme: inputs.scheme, hasProof: request.headers.has('dpop') },
  }
}

async function requestOf(
  token: string,
  { url, scheme, sendsProof }: Inputs,
  keys: PageKeys,
): Promise<Request> {
  if (!URL.canParse(url)) {
    throw new ConfigError(`'${url}' is not a URL.`, 'Write https://orders.example.com/orders.')
  }
  const headers = new Headers()
  try {
    headers.set('authorization', `${scheme} ${token}`)
  } catch {
    throw new ConfigError(
      'The token has characters that a header cannot contain.',
      'Paste the token alone, without line breaks.',
    )
  }
  if (sendsProof) {
    const now = Date.now()
    headers.set('dpop', await createProof(keys, { method: 'GET', url, token, now }))
  }
  return new Request(url, { headers })
}

/** The request never leaves the page: the gate reads the object. */
async function answer(
  request: Request,
  options: ResourceServerOptions,
  inputs: Inputs,
): Promise<{ readonly response: ShownResponse; readonly record: DecisionRecord }> {
  let onDecision: (record: DecisionRecord) => void = () => undefined
  const recorded = new Promise<DecisionRecord>((resolve) => {
    onDecision = resolve
  })
  const api = resourceServer({ ...options, onDecision })
  const handle = api.protect(
    async (given) => {
      const { subject, scopes } = api.token(given)
      return Response.json({ owner: subject, scopes })
    },
    ...createRoute(api, inputs.guards),
  )
  const response = await shown(await handle(request))
  const record = await recorded
  api.close()
  return { response, record }
}

async function shown(response: Response): Promise<ShownResponse> {
  const { status, headers } = response
  return { status, headers: [...headers], body: await response.text() }
}
