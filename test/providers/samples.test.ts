import {
  type AccessToken,
  createVerifier,
  type DecisionRecord,
  type IssuerOptions,
} from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { createSigningKey, createTestClock, createTestIssuer } from '@resource-server/testing'
import express from 'express'
import request from 'supertest'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Expected, expectations, providers, readSamples, type Sample } from './samples.ts'

// Tokens as the providers write them, signed by a key of ours: judged with nothing but the issuer's
// URL, and with the provider named, by core and by a host over a real socket.

const samples = readSamples()
const keys = {
  RS256: createSigningKey('RS256', 'any'),
  ES256: createSigningKey('ES256', 'any'),
}

interface Setup {
  readonly token: string
  readonly common: {
    readonly audience: string
    readonly clock: ReturnType<typeof createTestClock>
  }
  readonly jwks: { readonly keys: readonly object[] }
}

async function signed({ header, payload }: Sample, { audience }: Expected): Promise<Setup> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const key = keys[header['alg'] as keyof typeof keys]
  const [first] = [payload['aud'] as string | string[]].flat()
  return {
    token: issuer.sign({ header, payload, key }),
    common: { audience: audience ?? first!, clock: createTestClock(new Date(payload.iat * 1000)) },
    jwks: { keys: [{ ...key.publicJwk, kid: header['kid'] }] },
  }
}

async function seen(
  { token, common, jwks }: Setup,
  given: IssuerOptions,
): Promise<{ core: unknown; host: unknown; token: AccessToken | undefined }> {
  const issuer = { ...given, jwks }
  const verdict = await createVerifier({ ...common, issuer }).check(token)
  const records: DecisionRecord[] = []
  const api = resourceServer({ ...common, issuer, onDecision: (one) => void records.push(one) })
  const app = express().get('/', api.requireAuthentication(), (req, res) => {
    res.json({ subject: api.token(req).subject })
  })
  const answer = await request(app).get('/').auth(token, { type: 'bearer' })
  return {
    core: verdict.ok ? 'granted' : verdict.code,
    host: answer.status === 200 ? 'granted' : records[0]?.code,
    token: verdict.ok ? verdict.token : undefined,
  }
}

function expectWords({ payload }: Sample, expected: Expected, token: AccessToken): void {
  const acting = (expected.chain ?? []).map(([subject, clientId, issuer = payload.iss]) => ({
    subject,
    clientId,
    issuer,
  }))
  const { subject, clientId, scopes, actor, priorActors } = token
  const found = [actor, ...priorActors].filter((one) => one !== undefined)
  expect({ subject, clientId, scopes }).toEqual({
    subject: payload['sub'],
    clientId: expected.client,
    scopes: expected.scopes ?? [],
  })
  expect(
    found.map((one) => ({ subject: one.subject, clientId: one.clientId, issuer: one.issuer })),
  ).toEqual(acting)
}

test('every sample has its expectation', () => {
  expect(samples.map(({ file }) => file).toSorted()).toEqual(Object.keys(expectations).toSorted())
})

describe.each(samples)('$file', (sample) => {
  const expected = expectations[sample.file]!

  test('with the plain URL', async () => {
    const setup = await signed(sample, expected)
    const result = await seen(setup, { issuer: sample.payload.iss })
    const outcome = expected.plain ?? 'granted'
    expect(result).toMatchObject({ core: outcome, host: outcome })
    if (result.token) expectWords(sample, expected, result.token)
  })

  test('with the provider named', async () => {
    const setup = await signed(sample, expected)
    const named = providers[sample.provider]!(sample.payload.iss)
    expect(named.issuer).toBe(sample.payload.iss)
    const result = await seen(setup, named)
    const outcome = expected.named ?? 'granted'
    expect(result).toMatchObject({ core: outcome, host: outcome })
    if (!result.token) return
    const chain = expected.namedChain ?? expected.chain ?? []
    expectWords(sample, { ...expected, chain }, result.token)
    expect(result.token.roles).toEqual(expected.roles ?? [])
    expect(result.token.permissions).toEqual(expected.permissions ?? [])
  })

  test('is not taken for another audience', async () => {
    const setup = await signed(sample, expected)
    const other = { ...setup, common: { ...setup.common, audience: 'somebody-else' } }
    const named = providers[sample.provider]!(sample.payload.iss)
    const outcomes = [await seen(other, { issuer: sample.payload.iss }), await seen(other, named)]
    expect(outcomes.map(({ token }) => token)).toEqual([undefined, undefined])
  })
})
