import { describe, expect, test, vi } from 'vitest'
import {
  type AccessToken,
  ConfigError,
  createVerifier,
  type Revocation,
  type VerifierOptions,
} from '../../src/index.ts'
import { warnings } from '../../src/lib/warning-limiter.ts'
import { isSameParty } from '../../src/verify/token-watcher.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const other = await startIssuer({ clock: issuer.clock })
const { clock } = issuer
/** The allowed clock skew. */
const tolerance = 5

/** A source of revocations that a test controls. */
function revocations() {
  const revoked = new Set<unknown>()
  const listeners = new Set<() => void>()
  const state = { throws: false }
  const revocation: Revocation = {
    connect: () => ({
      check: ({ subject }) => {
        if (state.throws) throw new Error('down')
        return revoked.has(subject) ? { outcome: 'revoked', reason: 'subject' } : undefined
      },
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      ready: () => true,
      warmUp: async () => {},
      health: () => ({ state: 'current', source: 'test', entries: revoked.size }),
      close: () => {},
    }),
  }
  const revoke = (subject: string): void => {
    revoked.add(subject)
    for (const listener of listeners) listener()
  }
  return { revocation, revoke, listeners, state }
}

const notVerified = (call: string): ConfigError =>
  new ConfigError(
    `${call}() needs a verified access token.`,
    'Pass the token that api.token() or verify() returned.',
  )

const create = (more: Partial<VerifierOptions> = {}) =>
  createVerifier({ ...optionsFor(issuer), ...more })

const tokenFor = (
  verifier: ReturnType<typeof create>,
  options: Partial<Parameters<typeof issuer.token>[0]> = {},
): Promise<AccessToken> => verifier.verify(issuer.token({ aud, expiresIn: 60, ...options }))

/** Watches tokens with these lifetimes, in seconds. Returns a list that receives those that end. */
async function watchAll(
  verifier: ReturnType<typeof create>,
  lifetimes: readonly number[],
): Promise<readonly number[]> {
  const ends: number[] = []
  for (const expiresIn of lifetimes) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    verifier.watch(await tokenFor(verifier, { expiresIn }), () => void ends.push(expiresIn))
  }
  return ends
}

describe('watch', () => {
  test('calls back once, within a second after exp and the clock tolerance', async () => {
    const verifier = create()
    const ends: string[] = []
    const watch = verifier.watch(await tokenFor(verifier), (reason) => void ends.push(reason))
    clock.advance(60 + tolerance - 1)
    expect(ends).toEqual([])
    expect(watch.isActive()).toBe(true)
    clock.advance(2)
    expect(ends).toEqual(['expired'])
    expect(watch.isActive()).toBe(false)
    clock.advance(60)
    expect(ends).toEqual(['expired'])
  })

  test('calls back soon for a token that has already ended', async () => {
    const verifier = create()
    const ends: string[] = []
    const token = await tokenFor(verifier)
    clock.advance(120)
    verifier.watch(token, (reason) => void ends.push(reason))
    clock.advance(1)
    expect(ends).toEqual(['expired'])
  })

  test('calls back for all tokens that end in the same second, and for no other', async () => {
    const verifier = create()
    const ends: number[] = []
    const tokens = await Promise.all(
      [60, 60, 63, 120].map((expiresIn) => tokenFor(verifier, { expiresIn })),
    )
    tokens.forEach((token, at) => verifier.watch(token, () => void ends.push(at)))
    clock.advance(60 + tolerance + 1)
    expect(new Set(ends)).toEqual(new Set([0, 1]))
    clock.advance(3)
    expect(new Set(ends)).toEqual(new Set([0, 1, 2]))
  })

  test('calls back after the wall clock was moved forward by hours, and not before', async () => {
    const verifier = create()
    const ends: string[] = []
    verifier.watch(
      await tokenFor(verifier, { expiresIn: 7200 }),
      (reason) => void ends.push(reason),
    )
    clock.jump(3600)
    clock.advance(1)
    expect(ends).toEqual([])
    clock.jump(3605)
    clock.advance(1)
    expect(ends).toEqual(['expired'])
  })

  test('calls back only for the tokens that ended while the clock was moved forward', async () => {
    const verifier = create()
    const ends = await watchAll(verifier, [60, 3600, 7200])
    const start = Math.floor(clock.now() / 1000)
    clock.jump(start + 3600 + tolerance - 1 - clock.now() / 1000)
    clock.advance(1)
    expect(ends).toEqual([60, 3600])
    verifier.close()
  })

  test('calls back for each second that a late timer has passed', async () => {
    const verifier = create()
    const ends = await watchAll(verifier, [60, 61, 120, 180])
    clock.advance(60 + tolerance - 1)
    expect(ends).toEqual([])
    clock.jump(1)
    clock.advance(1)
    expect(ends).toEqual([60, 61])
    verifier.close()
  })

  test('works after the wall clock was moved back', async () => {
    const verifier = create()
    const ends: string[] = []
    verifier.watch(await tokenFor(verifier, { expiresIn: 3600 }), () => {})
    clock.advance(1)
    clock.jump(-600)
    const token = await tokenFor(verifier)
    verifier.watch(token, (reason) => void ends.push(reason))
    clock.advance(60 + tolerance + 1)
    expect(ends).toEqual(['expired'])
    clock.jump(600)
  })

  test('does not call back after stop(), and needs no timer then', async () => {
    let timers = 0
    const counted = {
      ...clock,
      schedule: (delay: number, callback: () => void) => {
        timers += 1
        const cancel = clock.schedule(delay, () => {
          timers -= 1
          callback()
        })
        return () => {
          timers -= 1
          cancel()
        }
      },
    }
    const { keys } = { keys: [issuer.key.publicJwk] }
    const verifier = create({ clock: counted, jwks: { keys } })
    const ends: string[] = []
    const watch = verifier.watch(await tokenFor(verifier), (reason) => void ends.push(reason))
    expect(timers).toBe(1)
    watch.stop()
    watch.stop()
    expect(timers).toBe(0)
    clock.advance(120)
    expect(ends).toEqual([])
  })

  test('calls the other callbacks if one throws', async () => {
    const verifier = create({ log: 'off' })
    const ends: string[] = []
    const [one, two] = [await tokenFor(verifier), await tokenFor(verifier)]
    verifier.watch(one, () => {
      throw new Error('broken')
    })
    verifier.watch(two, (reason) => void ends.push(reason))
    clock.advance(60 + tolerance + 1)
    expect(ends).toEqual(['expired'])
  })

  test('a callback can stop, renew, and end the others that end at the same time', async () => {
    const verifier = create()
    const ends: string[] = []
    const token = await tokenFor(verifier)
    const longer = await tokenFor(verifier, { expiresIn: 600 })
    verifier.watch(token, () => {
      ends.push('first')
      stopped.stop()
      renewed.renew(longer)
    })
    const stopped = verifier.watch(token, () => void ends.push('stopped'))
    const renewed = verifier.watch(token, () => void ends.push('renewed'))
    const closing = verifier.watch(token, () => {
      ends.push('closing')
      verifier.close()
    })
    const last = verifier.watch(token, () => void ends.push('last'))
    clock.advance(60 + tolerance + 1)
    expect(ends).toEqual(['first', 'closing'])
    expect([closing.isActive(), renewed.isActive(), last.isActive()]).toEqual([false, false, false])
  })

  test('a callback that watches the same token again is called once per second', async () => {
    const verifier = create()
    const token = await tokenFor(verifier)
    const ends: string[] = []
    const watchAgain = (name: string): void => {
      verifier.watch(token, () => {
        ends.push(name)
        watchAgain(name)
      })
    }
    watchAgain('one')
    watchAgain('two')
    clock.advance(60 + tolerance)
    const before = ends.length
    clock.advance(1)
    expect(ends.slice(before)).toEqual(['one', 'two'])
    verifier.close()
  })

  test('prints a warning if a callback throws', async () => {
    using print = vi.spyOn(warnings, 'print').mockReturnValue(true)
    const verifier = create()
    verifier.watch(await tokenFor(verifier), () => {
      throw new TypeError('SECRET')
    })
    clock.advance(60 + tolerance + 1)
    expect(print.mock.calls).toEqual([['The callback of watch() threw TypeError.']])
  })

  test('stops with close()', async () => {
    const verifier = create()
    const ends: string[] = []
    verifier.watch(await tokenFor(verifier), (reason) => void ends.push(reason))
    verifier.close()
    clock.advance(120)
    expect(ends).toEqual([])
  })

  test.each([undefined, {}, { claims: { exp: 1 } }])(
    'of something that is not a verified token is a ConfigError: %j',
    (token) => {
      const verifier = create()
      expect(() => verifier.watch(token as never, () => {})).toThrow(notVerified('watch'))
    },
  )

  test('without a callback is a ConfigError', async () => {
    const verifier = create()
    const token = await tokenFor(verifier)
    expect(() => verifier.watch(token, undefined as never)).toThrow(
      new ConfigError(
        'watch() needs a function that ends the connection.',
        'Write watch(token, () => socket.close(4401)).',
      ),
    )
  })
})

describe('a revocation', () => {
  test('ends the watched tokens that it matches, within a second', async () => {
    const { revocation, revoke } = revocations()
    const verifier = create({ revocation })
    const ends: string[] = []
    for (const sub of ['a', 'b']) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      const token = await tokenFor(verifier, { sub })
      verifier.watch(token, (reason) => void ends.push(`${sub} ${reason}`))
    }
    revoke('a')
    clock.advance(1)
    expect(ends).toEqual(['a revoked'])
  })

  test('ends a token once per check if its callback watches it again, and none that it stops', async () => {
    const { revocation, revoke } = revocations()
    const verifier = create({ revocation })
    const token = await tokenFor(verifier)
    const ends: string[] = []
    const watchAgain = (): void => {
      verifier.watch(token, () => {
        ends.push('again')
        stopped.stop()
        if (ends.length < 5) watchAgain()
      })
    }
    watchAgain()
    const stopped = verifier.watch(token, () => void ends.push('stopped'))
    const last = verifier.watch(token, () => void ends.push('last'))
    revoke(token.subject)
    clock.advance(0.1)
    expect(ends).toEqual(['again', 'last'])
    expect(last.isActive()).toBe(false)
    verifier.close()
  })

  test('before watch() ends the token, too', async () => {
    const { revocation, revoke } = revocations()
    const verifier = create({ revocation })
    const ends: string[] = []
    const token = await tokenFor(verifier, { sub: 'a' })
    revoke('a')
    verifier.watch(token, (reason) => void ends.push(reason))
    clock.advance(1)
    expect(ends).toEqual(['revoked'])
  })

  test('does not end tokens while the source fails', async () => {
    const { revocation, revoke, state } = revocations()
    const verifier = create({ revocation })
    const ends: string[] = []
    verifier.watch(await tokenFor(verifier, { sub: 'a' }), (reason) => void ends.push(reason))
    state.throws = true
    revoke('a')
    clock.advance(1)
    expect(ends).toEqual([])
    state.throws = false
    revoke('b')
    clock.advance(1)
    expect(ends).toEqual(['revoked'])
  })

  test('is listened for only while there are watched tokens', async () => {
    const { revocation, listeners } = revocations()
    const verifier = create({ revocation })
    expect(listeners.size).toBe(0)
    const watch = verifier.watch(await tokenFor(verifier), () => {})
    verifier.watch(await tokenFor(verifier), () => {}).stop()
    expect(listeners.size).toBe(1)
    watch.stop()
    expect(listeners.size).toBe(0)
  })
})

describe('renew', () => {
  test('continues with the new token', async () => {
    const verifier = create()
    const ends: string[] = []
    const watch = verifier.watch(await tokenFor(verifier), (reason) => void ends.push(reason))
    expect(watch.renew(await tokenFor(verifier, { expiresIn: 300 }))).toBe(true)
    clock.advance(120)
    expect(ends).toEqual([])
    clock.advance(190)
    expect(ends).toEqual(['expired'])
    expect(watch.renew(await tokenFor(verifier))).toBe(false)
  })

  test.each<[string, object]>([
    ['another subject', { sub: 'user-43' }],
    ['another client', { clientId: 'other' }],
    ['an actor', { actors: ['svc-a'], clientId: 'test-client' }],
  ])('refuses a token of %s', async (_what, options) => {
    const verifier = create()
    const ends: string[] = []
    const watch = verifier.watch(await tokenFor(verifier), (reason) => void ends.push(reason))
    expect(watch.renew(await tokenFor(verifier, { expiresIn: 300, ...options }))).toBe(false)
    clock.advance(60 + tolerance + 1)
    expect(ends).toEqual(['expired'])
  })

  test('refuses a token of another issuer', async () => {
    const verifier = createVerifier({ issuers: [issuer.url, other.url], audience: aud, clock })
    const watch = verifier.watch(await tokenFor(verifier), () => {})
    const token = await verifier.verify(other.token({ aud }))
    expect(watch.renew(token)).toBe(false)
    expect(watch.isActive()).toBe(true)
  })

  test('with something that is not a verified token is a ConfigError', async () => {
    const verifier = create()
    const watch = verifier.watch(await tokenFor(verifier), () => {})
    expect(() => watch.renew({} as never)).toThrow(notVerified('renew'))
  })

  const party = {
    issuer: 'https://as.example',
    subject: 'user-42',
    clientId: 'shop',
    actor: { issuer: 'https://as.example', subject: 'gateway' },
  }

  test.each<readonly [what: string, changes: Partial<typeof party> | { actor: undefined }]>([
    ['issuer', { issuer: 'https://other.example' }],
    ['subject', { subject: 'user-43' }],
    ['client', { clientId: 'web' }],
    ['issuer of the actor', { actor: { ...party.actor, issuer: 'https://other.example' } }],
    ['subject of the actor', { actor: { ...party.actor, subject: 'other' } }],
    ['actor', { actor: undefined }],
  ])('requires the same %s', (_what, changes) => {
    expect(isSameParty(party, { ...party, actor: { ...party.actor } })).toBe(true)
    expect(isSameParty(party, { ...party, ...changes })).toBe(false)
  })
})
