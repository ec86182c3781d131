import type { AccessToken } from '@resource-server/core'
import { expect, test } from 'vitest'
import { type HopError } from '../src/index.ts'
import { setUp } from './support.ts'

test('a token that was revoked after it was verified is neither exchanged nor served from the cache', async () => {
  const revoked = new Set<string>()
  const isRevoked = ({ subject }: AccessToken): boolean => revoked.has(subject)
  const { hop, subject, exchanges } = await setUp({ isRevoked })
  const token = await subject({ sub: 'user-42' })
  const another = await subject({ sub: 'user-43' })
  await hop.token(token)
  await hop.token(another)
  expect([exchanges(), hop.health().cachedTokens]).toEqual([2, 2])
  revoked.add('user-42')
  const refused: unknown = await hop.token(token).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'token_rejected',
    status: 401,
    reason: "the caller's token was revoked",
  } satisfies Partial<HopError>)
  await hop.token(another)
  expect([exchanges(), hop.health().cachedTokens]).toEqual([2, 1])
})
