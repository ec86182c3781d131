import { Writable } from 'node:stream'
import { createVerifier } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { decisionLogger } from '../src/decision-logger.ts'

test('logs each decision as one line of JSON with the right level and without the token', async () => {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString())
      done()
    },
  })
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  const options = { issuer: issuer.url, audience: 'order-service', clock: issuer.clock }
  const verifier = createVerifier({ ...options, onDecision: decisionLogger(pino(stream)) })
  const token = issuer.token({ aud: 'order-service', sub: 'a\n{"level":60}', actors: ['shop'] })
  await verifier.check(token)
  await verifier.check(issuer.token({ aud: 'another' }))
  await issuer.close()
  const verifierWithoutKeys = createVerifier({
    ...options,
    onDecision: decisionLogger(pino(stream)),
  })
  await verifierWithoutKeys.check(token)

  await expect.poll(() => lines.length).toBe(3)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 30, msg: 'a token: granted', decision: { actor: { subject: 'shop' } } },
    { level: 40, msg: 'a token: audience_mismatch', decision: { outcome: 'refused' } },
    { level: 50, msg: 'a token: keys_unavailable', decision: { outcome: 'unavailable' } },
  ])
  expect(lines.join('')).not.toContain(token.split('.')[2])
})
