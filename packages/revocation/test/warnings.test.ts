import { createVerifier } from '@resource-server/core'
import { createTestClock } from '@resource-server/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createRevocationList, memoryRevocationFeed } from '../src/index.ts'
import { aud, lifetime, settled, startIssuer } from './support.ts'

// In a file of its own: a process prints ten warnings per minute.

const issuer = await startIssuer({ clock: createTestClock() })
const { clock, url } = issuer

test.each([
  [['off'], 0],
  [['warnings'], 1],
  [['off', 'warnings', 'warnings'], 1],
] as const)(
  'with verifiers that have log: %j, missing revocations are printed %i times',
  async (logs, times) => {
    const messages: string[] = []
    const add = ({ message }: Error): unknown => messages.push(message)
    process.on('warning', add)
    onTestFinished(() => void process.off('warning', add))
    const feed = memoryRevocationFeed(() => clock.monotonic())
    const revocation = createRevocationList({ feed })
    const options = { issuer: url, audience: aud, clock, maxLifetime: lifetime, revocation }
    const verifiers = logs.map((log) => createVerifier({ ...options, log }))
    onTestFinished(() => verifiers.forEach((verifier) => verifier.close()))
    await Promise.all(verifiers.map((verifier) => verifier.warmUp()))
    for (const malformed of ['{', '[']) await feed.append(malformed, 60_000)
    await settled()
    const states = verifiers.map((verifier) => verifier.health().revocation?.state)
    expect(states).toEqual(logs.map(() => 'stale'))
    const printed = messages.filter((text) => text.startsWith('Revocations may be missing'))
    expect(printed).toHaveLength(times)
  },
)
