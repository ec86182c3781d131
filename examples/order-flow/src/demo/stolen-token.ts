import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { DecisionRecord } from '@resource-server/express'
import * as oidc from 'openid-client'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { listen } from '../listen.ts'
import { accountService } from '../services/account-service.ts'
import { DecisionLog } from './decision-log.ts'
import { truncateToken } from './describe.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

/** Shows what a thief can do with a stolen token: everything with a bearer token, nothing with a bound one. */
export async function checkStolenTokens(
  server: AuthorizationServer,
  report: Report,
): Promise<void> {
  report.section('A stolen token, without and with binding')
  report.text('A bearer token works for everyone who has it. A token that is bound with DPoP works')
  report.text('only with a proof: a signature of the key in its cnf claim, for one request.')
  const service = await startService(server)
  try {
    for (const { title, send, expected } of await theftCases(server, service.url)) {
      report.step(title)
      const sent = await send()
      const records = await service.recordsOf(sent)
      describe(sent, records, report)
      const actual = summaryOf(sent, records)
      report.check({
        title,
        passed: actual === expected,
        expected,
        caller: sent.slice(-1).map(callerSaw).join(),
        operator: records.map(({ code, outcome }) => code ?? outcome).join(', then '),
      })
    }
  } finally {
    await service.close()
  }
}

/** A request with its response. */
interface Sent {
  readonly headers: Headers
  readonly status: number
  /** `error` in the challenge. */
  readonly error: string | undefined
}

interface TheftCase {
  readonly title: string
  /** Resolves to each request that was sent. */
  readonly send: () => Promise<readonly Sent[]>
  /** Each status, with the code in the decision record of a refusal. */
  readonly expected: string
}

async function theftCases(server: AuthorizationServer, url: string): Promise<readonly TheftCase[]> {
  const [clientKey, thiefKey] = [await oidc.randomDPoPKeyPair(), await oidc.randomDPoPKeyPair()]
  const bearer = (await demoSignIn('webShop', server)).accessToken
  const bound = (await demoSignIn('webShop', server, { keyPair: clientKey })).accessToken
  let observed: Headers | undefined
  return [
    {
      title: 'a stolen bearer token, sent by the thief',
      send: () => sendOnce(url, { authorization: `Bearer ${bearer}` }),
      expected: '200',
    },
    {
      title: 'a bound token, sent by its client, which first gets a nonce',
      send: async () => {
        const sent = await sendWithProof(server, bound, url, clientKey)
        observed = sent.at(-1)?.headers
        return sent
      },
      expected: '401 proof_nonce_required, 200',
    },
    {
      title: 'the bound token, stolen and sent as a bearer token',
      send: () => sendOnce(url, { authorization: `Bearer ${bound}` }),
      expected: '401 binding_unproven',
    },
    {
      title: "the bound token, stolen and sent with a proof of the thief's own key",
      send: () => sendWithProof(server, bound, url, thiefKey),
      expected: '401 binding_mismatch',
    },
    {
      title: 'the bound token and its proof, stolen together and sent again',
      send: () => sendOnce(url, observed ?? {}),
      expected: '401 proof_replayed',
    },
  ]
}

async function sendOnce(
  url: string,
  headers: Headers | Record<string, string>,
): Promise<readonly Sent[]> {
  return [sentWith(new Headers(headers), await fetch(url, { headers }))]
}

function sentWith(headers: Headers, response: Response): Sent {
  const challenge = response.headers.get('www-authenticate') ?? ''
  return { headers, status: response.status, error: /error="([^"]*)"/.exec(challenge)?.[1] }
}

/** openid-client signs the proof, and repeats the request if the service asks for a nonce. */
async function sendWithProof(
  { issuer }: AuthorizationServer,
  token: string,
  url: string,
  keyPair: oidc.CryptoKeyPair,
): Promise<readonly Sent[]> {
  // The demo's servers listen on loopback, without TLS.
  const insecure = { execute: [oidc.allowInsecureRequests] }
  const config = await oidc.discovery(new URL(issuer), 'web-shop', undefined, oidc.None(), insecure)
  const sent: Sent[] = []
  config[oidc.customFetch] = async (target, options) => {
    const response = await fetch(target, options as RequestInit)
    sent.push(sentWith(new Headers(options.headers), response))
    return response
  }
  const binding = { DPoP: oidc.getDPoPHandle(config, keyPair) }
  try {
    await oidc.fetchProtectedResource(config, token, new URL(url), 'GET', null, undefined, binding)
  } catch (error) {
    // Thrown for a refusal, which `sent` has.
    if (!(error instanceof oidc.WWWAuthenticateChallengeError)) throw error
  }
  return sent
}

async function startService({ issuer }: AuthorizationServer) {
  const decisions = new DecisionLog()
  const http = createServer()
  const { url, close } = await listen(http)
  http.on(
    'request',
    accountService({
      issuer,
      publicUrl: url,
      dpop: { nonceSecret: randomBytes(32).toString('base64url') },
      onDecision: decisions.write,
    }),
  )
  return {
    url: `${url}/me`,
    close,
    /** One record for each request. */
    recordsOf: async (sent: readonly Sent[]): Promise<readonly DecisionRecord[]> => {
      const records: DecisionRecord[] = []
      for (let count = 0; count < sent.length; count += 1) records.push(await decisions.next())
      return records
    },
  }
}

function callerSaw({ status, error }: Sent): string {
  return [status, error].filter(Boolean).join(' ')
}

function summaryOf(sent: readonly Sent[], records: readonly DecisionRecord[]): string {
  return sent
    .map(({ status }, at) => [status, records[at]?.code].filter(Boolean).join(' '))
    .join(', ')
}

function describe(sent: readonly Sent[], records: readonly DecisionRecord[], report: Report): void {
  for (const [at, one] of sent.entries()) {
    const { headers } = one
    const [scheme = '', token = ''] = (headers.get('authorization') ?? '').split(' ', 2)
    const proof = headers.get('dpop')
    report.detail(
      'sent',
      `Authorization: ${scheme} ${truncateToken(token)}`,
      ...(proof === null ? [] : [`DPoP: ${truncateToken(proof)}`]),
    )
    report.detail('caller', callerSaw(one))
    const { outcome, code, reason } = records[at] ?? {}
    report.detail('operator', code === undefined ? String(outcome) : `${code}: ${reason}`)
  }
}
