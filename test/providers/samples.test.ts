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

// Tokens with the header and the claims that the providers issue, signed with our keys. They are verified
// with the issuer's URL and with the provider's configuration, by core and by Express over a socket.

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

async function prepare({ header, payload }: Sample, { audience }: Expected): Promise<Setup> {
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

async function verify(
  { token, common, jwks }: Setup,
  issuerOptions: IssuerOptions,
): Promise<{ core: unknown; host: unknown; token: AccessToken | undefined }> {
  const issuer = { ...issuerOptions, jwks }
  const result = await createVerifier({ ...common, issuer, dpop: 'off' }).check(token)
  const records: DecisionRecord[] = []
  const api = resourceServer({ ...common, issuer, onDecision: (one) => void records.push(one) })
  const app = express().get('/', api.requireAuthentication(), (req, res) => {
    res.json({ subject: api.token(req).subject })
  })
  const response = await request(app).get('/').auth(token, { type: 'bearer' })
  return {
    core: result.ok ? 'granted' : result.code,
    host: response.status === 200 ? 'granted' : records[0]?.code,
    token: result.ok ? result.token : undefined,
  }
}

function expectContent({ payload }: Sample, expected: Expected, token: AccessToken): void {
  const expectedActors = (expected.chain ?? []).map(
    ([subject, clientId, issuer = payload.iss]) => ({
      subject,
      clientId,
      issuer,
    }),
  )
  const { subject, clientId, scopes, actor, priorActors } = token
  const actors = [actor, ...priorActors].filter((one) => one !== undefined)
  expect({ subject, clientId, scopes }).toEqual({
    subject: payload['sub'],
    clientId: expected.client,
    scopes: expected.scopes ?? [],
  })
  expect(
    actors.map((one) => ({ subject: one.subject, clientId: one.clientId, issuer: one.issuer })),
  ).toEqual(expectedActors)
}

test('every sample has an expected result, and every expected result a sample', () => {
  expect(samples.map(({ file }) => file).toSorted()).toEqual(Object.keys(expectations).toSorted())
})

describe.each(samples)('the sample $file', (sample) => {
  const expected = expectations[sample.file]!

  test('has the expected result with the issuer URL', async () => {
    const setup = await prepare(sample, expected)
    const result = await verify(setup, { issuer: sample.payload.iss })
    const outcome = expected.withUrl ?? 'granted'
    expect(result).toMatchObject({ core: outcome, host: outcome })
    if (result.token) expectContent(sample, expected, result.token)
  })

  test('has the expected result with the provider', async () => {
    const setup = await prepare(sample, expected)
    const issuer = providers[sample.provider]!(sample.payload.iss)
    expect(issuer.issuer).toBe(sample.payload.iss)
    const result = await verify(setup, issuer)
    const outcome = expected.withProvider ?? 'granted'
    expect(result).toMatchObject({ core: outcome, host: outcome })
    if (!result.token) return
    const chain = expected.chainWithProvider ?? expected.chain ?? []
    expectContent(sample, { ...expected, chain }, result.token)
    expect(result.token.roles).toEqual(expected.roles ?? [])
    expect(result.token.permissions).toEqual(expected.permissions ?? [])
  })

  test('is refused for another audience', async () => {
    const setup = await prepare(sample, expected)
    const other = { ...setup, common: { ...setup.common, audience: 'another-service' } }
    const issuer = providers[sample.provider]!(sample.payload.iss)
    const outcomes = [
      await verify(other, { issuer: sample.payload.iss }),
      await verify(other, issuer),
    ]
    expect(outcomes.map(({ token }) => token)).toEqual([undefined, undefined])
  })
})
