import * as dpop from 'dpop'
import { decodeJwt } from 'jose'
import { expect } from 'vitest'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { wholeSecondClock } from '../whole-second-clock.ts'
import type { Result } from './results.ts'
import { type Service, startService } from './service.ts'

// What is the same for tokens of every server that binds them with DPoP. The package `dpop` signs the proofs for
// the services, and openid-client signs the proof for the server.

type AddResult = (result: Omit<Result, 'server'>) => void
type KeyPair = Awaited<ReturnType<typeof dpop.generateKeyPair>>

interface BoundToken {
  readonly token: string
  readonly keyPair: KeyPair
}

/** Signs in with a new key. `request` is what `signIn` needs without a key. */
export async function boundSignIn(request: Parameters<typeof signIn>[0]): Promise<BoundToken> {
  const keyPair = await dpop.generateKeyPair('ES256')
  const { accessToken } = await signIn({ ...request, keyPair })
  return { token: accessToken, keyPair }
}

/** A request for a bound token, with a proof of the package `dpop`. @throws if the server refuses it */
export async function tokenRequestWithProof(
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<BoundToken & { readonly headers: Headers }> {
  const keyPair = await dpop.generateKeyPair('ES256')
  const response = await fetch(url, {
    method: 'POST',
    headers: { dpop: await dpop.generateProof(keyPair, url, 'POST') },
    body: new URLSearchParams(form),
  })
  const { access_token: token, token_type: type } = (await response.json()) as TokenResponse
  expect({ status: response.status, type }).toEqual({ status: 200, type: 'DPoP' })
  return { token, keyPair, headers: response.headers }
}

interface TokenResponse {
  readonly access_token: string
  readonly token_type: string
}

/** The headers of a request with a new proof. */
async function headersFor(
  { token, keyPair }: BoundToken,
  url: string,
  nonce?: string,
): Promise<Readonly<Record<string, string>>> {
  // The package does not remove a path of `/`, and a URL without a path has the same meaning.
  const proof = await dpop.generateProof(keyPair, `${url}/`, 'GET', nonce, token)
  return { authorization: `DPoP ${token}`, dpop: proof }
}

/** Sends a bound token as its client and as a thief, and checks the responses and the records. */
export async function checkBoundToken(
  bound: BoundToken,
  issuer: string,
  addResult: AddResult,
): Promise<void> {
  const service = await startBoundService(issuer)
  try {
    const jkt = await dpop.calculateThumbprint(bound.keyPair.publicKey)
    expect(decodeJwt(bound.token)['cnf']).toMatchObject({ jkt })

    const headers = await headersFor(bound, service.url)
    const granted = await service.request(headers)
    expect(granted).toMatchObject({
      status: 200,
      record: { outcome: 'granted', subject: expect.any(String), binding: { scheme: 'DPoP', jkt } },
    })
    expect(granted.record.anomalies ?? []).not.toContain('confirmation_ignored')
    addResult({ kind: 'accepted', what: 'token with a proof of its key', seen: `jkt ${jkt}` })

    const refusals: readonly (readonly [what: string, headers: RequestHeaders, code: string])[] = [
      ['the same proof again', headers, 'proof_replayed'],
      [
        'bound token sent as Bearer',
        { authorization: `Bearer ${bound.token}` },
        'binding_unproven',
      ],
      ["a thief's proof", await headersFor(await asThief(bound), service.url), 'binding_mismatch'],
      [
        'a proof for another URL',
        await headersFor(bound, 'https://evil.example'),
        'proof_mismatch',
      ],
    ]
    for (const [what, sent, code] of refusals) {
      const { status, record } = await service.request(sent)
      expect({ what, status, code: record.code }).toEqual({ what, status: 401, code })
      addResult({ kind: 'refused', what, seen: record.reason! })
    }
  } finally {
    await service.close()
  }
}

type RequestHeaders = Readonly<Record<string, string>>

async function asThief({ token }: BoundToken): Promise<BoundToken> {
  return { token, keyPair: await dpop.generateKeyPair('ES256') }
}

/** The service requires a nonce, which the client gets with its first request. */
export async function checkNonce(
  bound: BoundToken,
  issuer: string,
  addResult: AddResult,
): Promise<void> {
  const service = await startBoundService(issuer, {
    nonceSecret: 'a secret of at least 32 characters',
  })
  try {
    const first = await service.request(await headersFor(bound, service.url))
    expect(first).toMatchObject({ status: 401, record: { code: 'proof_nonce_required' } })
    const nonce = first.headers.get('dpop-nonce') ?? ''
    const second = await service.request(await headersFor(bound, service.url, nonce))
    expect(second.status).toBe(200)
    addResult({ kind: 'accepted', what: "proof with the service's nonce", seen: 'second request' })
  } finally {
    await service.close()
  }
}

function startBoundService(issuer: string, dpopOptions?: object): Promise<Service> {
  return startService((url) => ({
    issuer,
    audience: 'user-service',
    publicUrl: url,
    clock: wholeSecondClock,
    ...(dpopOptions && { dpop: dpopOptions }),
  }))
}
