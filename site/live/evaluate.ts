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

/** The request that got the response. */
export interface ShownRequest {
  readonly url: string
  readonly scheme: string
  readonly proof: string | undefined
  /** Whether an earlier request got a nonce for its proof (RFC 9449 section 9). */
  readonly isRepeated: boolean
}

/** What a service with this setup does with the token. */
export interface Decision {
  readonly kind: 'decision'
  readonly token: string
  readonly decoded: DecodedToken | undefined
  readonly record: DecisionRecord
  readonly response: ShownResponse
  readonly path: readonly PathStep[]
  readonly request: ShownRequest
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
    return misuseOf(error)
  }
}

function misuseOf(error: unknown): Misuse {
  if (error instanceof ConfigError) {
    return { kind: 'misuse', problem: error.problem, fix: error.fix }
  }
  const problem = `Unexpected error: ${String(error)}.`
  return { kind: 'misuse', problem, fix: 'This is a bug in the page. Choose an example to go on.' }
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
  const { request, response, record } = await exchangeWith(openService(options, inputs), (nonce) =>
    requestOf(token, inputs, keys, nonce),
  )
  return {
    kind: 'decision',
    token,
    decoded: decodeToken(token),
    record,
    response,
    path: pathOf(checks, record),
    request,
  }
}

async function requestOf(
  token: string,
  { url, scheme, sendsProof }: Inputs,
  keys: PageKeys,
  nonce: string | undefined,
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
    const claims = { htm: 'GET', htu: url, ...(nonce !== undefined && { nonce }) }
    headers.set('dpop', await createProof(keys, token, claims, Date.now()))
  }
  return new Request(url, { headers })
}

interface Answer {
  readonly response: ShownResponse
  readonly record: DecisionRecord
}

type Service = (request: Request) => Promise<Answer>

/** A service with one route. Its requests never leave the page: the gate reads the objects. */
function openService(options: ResourceServerOptions, inputs: Inputs): Service {
  let receive: (record: DecisionRecord) => void = () => undefined
  const api = resourceServer({ ...options, onDecision: (record) => receive(record) })
  const handle = api.protect(
    async (request) => {
      const { subject, scopes } = api.token(request)
      return Response.json({ owner: subject, scopes })
    },
    ...createRoute(api, inputs.guards),
  )
  return async (request) => {
    const recorded = new Promise<DecisionRecord>((resolve) => {
      receive = resolve
    })
    const response = await handle(request)
    return { response: await shown(response), record: await recorded }
  }
}

/** Sends a request like a client: if the service wants a nonce in the proof, it repeats the request with it. */
async function exchangeWith(
  service: Service,
  createRequest: (nonce?: string) => Promise<Request>,
): Promise<Answer & { readonly request: ShownRequest }> {
  const first = await createRequest()
  const answer = await service(first)
  if (answer.record.code !== 'proof_nonce_required') {
    return { ...answer, request: describe(first, false) }
  }
  const nonce = new Map(answer.response.headers).get('dpop-nonce')
  const second = await createRequest(nonce)
  return { ...(await service(second)), request: describe(second, true) }
}

function describe({ url, headers }: Request, isRepeated: boolean): ShownRequest {
  const [scheme = ''] = (headers.get('authorization') ?? '').split(' ')
  return { url, scheme, proof: headers.get('dpop') ?? undefined, isRepeated }
}

async function shown(response: Response): Promise<ShownResponse> {
  const { status, headers } = response
  return { status, headers: [...headers], body: await response.text() }
}
