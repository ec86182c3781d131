import {
  codes,
  createVerifier,
  type DecisionRecord,
  type ResourceServerOptions,
  type VerifierOptions,
} from '@resource-server/core'
import { createGate, type Guard, type HttpRequest } from '@resource-server/core/adapter'
import type { Outcome, Sent, Service, Setup } from './attempt.ts'
import { errorOf, linesOf } from './raw-http.ts'

/** A way to put a token to the software. */
export interface Engine {
  readonly name: string
  /** Whether requests travel over a socket. */
  readonly http: boolean
  /** @throws ConfigError for options or guards that cannot be right */
  start(setup: Setup): Promise<Service>
}

/** Without a host: the bare verifier, or the gate where headers or guards matter. */
export const core: Engine = {
  name: 'core',
  http: false,
  start: async ({ options = {}, guards }) => {
    const records: DecisionRecord[] = []
    const all = { onDecision: (record: DecisionRecord) => records.push(record), ...options }
    const gate = createGate(all as ResourceServerOptions)
    const route = guards?.(gate.guards((guard) => guard)) as readonly Guard[] | undefined
    const { optional, onRefusal, allowPreflight, realm, resource, ...rest } =
      all as ResourceServerOptions
    const verifier = route ? undefined : createVerifier(rest as VerifierOptions)
    const fallback = gate.guards((guard) => guard).requireAuthentication()
    let handled = 0
    const send = async (sent: Sent): Promise<Outcome> => {
      const bare = verifier && sent.token !== undefined && sent.lines === undefined
      const outcome = bare ? await viaVerifier(verifier, sent.token) : await viaGate(sent)
      if (outcome.status === 200) handled += 1
      return outcome
    }
    const viaGate = async (sent: Sent): Promise<Outcome> => {
      const request = requestOf(sent)
      const key = {}
      for (const guard of route ?? [fallback]) {
        const result = await gate.pass(key, request, guard)
        if (result.action === 'proceed') continue
        if (result.action === 'throw') throw result.error
        const { status, headers, body } = result.reply
        const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
        const challenge = headers['WWW-Authenticate']
        return { status, error: errorOf(challenge), headers: Object.fromEntries(lower), body }
      }
      gate.recordDecision(key)
      const preflight = sent.method === 'OPTIONS'
      return granted(JSON.stringify(preflight ? null : (gate.token(key) ?? null)))
    }
    const operations = verifier ?? gate.operations
    const { warmUp } = operations
    const close = async (): Promise<void> => operations.close()
    return { send, records, handled: () => handled, port: undefined, warmUp, operations, close }
  },
}

async function viaVerifier(
  verifier: ReturnType<typeof createVerifier>,
  token: string,
): Promise<Outcome> {
  const verdict = await verifier.check(token)
  if (verdict.ok) return granted(JSON.stringify(verdict.token))
  const { status, error = null, description } = codes[verdict.code]
  return { status, error, headers: {}, body: description }
}

function granted(body: string): Outcome {
  return { status: 200, error: null, headers: {}, body }
}

function requestOf(sent: Sent): HttpRequest {
  const headers = linesOf(sent).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { method: sent.method ?? 'GET', url: sent.path ?? '/', headers }
}
