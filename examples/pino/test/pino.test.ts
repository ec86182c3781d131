import { Writable } from 'node:stream'
import { createVerifier } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { decisionLogger } from '../src/decision-logger.ts'

test('one line of JSON for each decision, by its level, and no token in it', async () => {
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
  const good = issuer.token({ aud: 'order-service', sub: 'a\n{"level":60}', actors: ['shop'] })
  await verifier.check(good)
  await verifier.check(issuer.token({ aud: 'another' }))
  await issuer.close()
  const orphan = createVerifier({ ...options, onDecision: decisionLogger(pino(stream)) })
  await orphan.check(good)

  await expect.poll(() => lines.length).toBe(3)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 30, msg: 'a token: granted', decision: { actor: { subject: 'shop' } } },
    { level: 40, msg: 'a token: audience_mismatch', decision: { outcome: 'refused' } },
    { level: 50, msg: 'a token: keys_unavailable', decision: { outcome: 'unavailable' } },
  ])
  expect(lines.join('')).not.toContain(good.split('.')[2])
})
