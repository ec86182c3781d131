import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier, defaultProfile, extend, type VerifierOptions } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/run.mjs'

// What docs/kubernetes.md says about the tokens of service accounts. A cluster is not available here; the claims are
// those that its documentation shows.

const issuer = await createTestIssuer({
  issuer: 'https://kubernetes.default.svc.cluster.local',
  algorithm: 'RS256',
})

const profile = extend(defaultProfile, {
  name: 'kubernetes',
  requiredClaims: ['kubernetes.io'],
  acceptUnmarked: true,
})

function claimsAt(now: number): Record<string, unknown> {
  return {
    aud: ['order-service'],
    exp: now + 600,
    iat: now,
    nbf: now,
    iss: issuer.url,
    jti: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
    sub: 'system:serviceaccount:shop:user-service',
    'kubernetes.io': {
      namespace: 'shop',
      pod: { name: 'user-service-7', uid: '11111111-2222-4333-8444-555555555555' },
      serviceaccount: { name: 'user-service', uid: '66666666-7777-4888-9999-000000000000' },
    },
  }
}

/** The code of the decision about a token with these claims. */
async function decide(
  options: Partial<VerifierOptions>,
  change: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { url, jwksUri, clock } = issuer
  const verifier = createVerifier({
    issuer: url,
    jwksUri,
    clock,
    audience: 'order-service',
    ...options,
  })
  onTestFinished(() => verifier.close())
  const now = Math.floor(clock.now() / 1000)
  const payload = { ...claimsAt(now), ...change }
  // The header has no typ.
  const result = await verifier.check(issuer.sign({ header: { typ: undefined }, payload }))
  return result.ok ? `granted ${result.token.subject}` : result.code
}

test('the profile on the page accepts a token, and requires the claim that marks it', async () => {
  expect(await decide({ profile })).toBe('granted system:serviceaccount:shop:user-service')
  expect(await decide({ profile }, { 'kubernetes.io': undefined })).toBe('claim_missing')
})

test('the default token of a pod is refused, because it is for the API server', async () => {
  expect(await decide({ profile }, { aud: [issuer.url] })).toBe('audience_mismatch')
})

test('an issuer without the profile refuses the tokens with the code on the page', async () => {
  expect(await decide({})).toBe('not_an_access_token')
})

test('docs/kubernetes.md shows the profile that is tested here', () => {
  const page = readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')
  expect(page).toContain(`profile: extend(defaultProfile, {
    name: 'kubernetes',
    requiredClaims: ['kubernetes.io'],
    acceptUnmarked: true,
  }),`)
})
