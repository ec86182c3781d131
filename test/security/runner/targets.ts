import {
  codes,
  createVerifier,
  type DecisionRecord,
  type ResourceServerOptions,
  type Verifier,
  type VerifierOptions,
} from '@resource-server/core'
import { createGate, type Guard, type HttpRequest } from '@resource-server/core/adapter'
import type { Outcome, SentRequest, Service, Setup } from './attempt.ts'
import { errorOf, linesOf } from './http-client.ts'

/** A system to attack. */
export interface Target {
  readonly name: string
  /** Whether requests are sent over a socket. */
  readonly http: boolean
  /** Set if requests do not expose their connection, so that options which need it are a ConfigError. */
  readonly hidesConnection?: boolean
  /** @throws ConfigError if the options or the guards are invalid */
  start(setup: Setup): Promise<Service>
}

/** Core without a host: the verifier for a token, and the gate for requests with headers or guards. */
export const core: Target = {
  name: 'core',
  http: false,
  start: async ({ options = {}, guards }) => {
    const records: DecisionRecord[] = []
    const all = { onDecision: (record: DecisionRecord) => records.push(record), ...options }
    const gate = createGate(all as ResourceServerOptions)
    const routeGuards = guards?.(gate.guards((guard) => guard)) as readonly Guard[] | undefined
    const {
      credential,
      optional,
      onRefusal,
      allowPreflight,
      realm,
      resource,
      publicUrl,
      prefix,
      dpop,
      ...others
    } = all as ResourceServerOptions
    // A nonce requires a response that can carry the next one.
    const hasNonces = typeof dpop === 'object' && 'nonceSecret' in dpop
    const verifierOptions = dpop === undefined || hasNonces ? others : { ...others, dpop }
    const verifier = routeGuards ? undefined : createVerifier(verifierOptions as VerifierOptions)
    const defaultGuard = gate.guards((guard) => guard).requireAuthentication()
    let handled = 0
    const send = async (sent: SentRequest): Promise<Outcome> => {
      const onlyToken = verifier && sent.token !== undefined && sent.lines === undefined
      const outcome = onlyToken
        ? await sendToVerifier(verifier, sent.token)
        : await sendToGate(sent)
      if (outcome.status === 200) handled += 1
      return outcome
    }
    const sendToGate = async (sent: SentRequest): Promise<Outcome> => {
      const request = httpRequestOf(sent)
      const key = {}
      const added: Record<string, string> = {}
      for (const guard of routeGuards ?? [defaultGuard]) {
        const result = await gate.pass(key, request, guard)
        if (result.action === 'proceed') {
          for (const [name, value] of Object.entries(result.headers ?? {})) {
            added[name.toLowerCase()] = value
          }
          continue
        }
        if (result.action === 'throw') throw result.error
        const { status, headers, body } = result.reply
        const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
        const challenge = headers['WWW-Authenticate']
        return { status, error: errorOf(challenge), headers: Object.fromEntries(lower), body }
      }
      gate.recordDecision(key)
      const preflight = sent.method === 'OPTIONS'
      const body = JSON.stringify(preflight ? null : (gate.token(key) ?? null))
      return { ...granted(body), headers: added }
    }
    const operations = verifier ?? gate.operations
    return {
      send,
      records,
      handled: () => handled,
      port: undefined,
      warmUp: operations.warmUp,
      operations,
      close: async () => operations.close(),
    }
  },
}

async function sendToVerifier(verifier: Verifier, token: string): Promise<Outcome> {
  const result = await verifier.check(token)
  if (result.ok) return granted(JSON.stringify(result.token))
  const { status, error = null, description } = codes[result.code]
  return { status, error, headers: {}, body: description }
}

function granted(body: string): Outcome {
  return { status: 200, error: null, headers: {}, body }
}

function httpRequestOf(sent: SentRequest): HttpRequest {
  const headers = linesOf(sent).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  const connection = () => ({ remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' })
  return { method: sent.method ?? 'GET', url: sent.path ?? '/', headers, connection }
}
