import { describe, expect, test } from 'vitest'
import { down, issuer, openKeys, publish, sleeping, tokenOf } from './key-desk.ts'

// A process that nobody woke for a while, and one that has ended its work.

describe('a process that slept', () => {
  test.each<[seconds: number, code: string]>([
    [599.999, 'granted'],
    [600, 'key_not_found'],
  ])('for %d seconds judges an old key: %s', async (seconds, code) => {
    const clock = sleeping()
    const { verifier, answer, fetches, ask, settle } = openKeys(publish('a'), { clock })
    await verifier.warmUp()
    answer(publish('b'))
    clock.advance(seconds)
    expect(await ask('a')).toBe(code)
    await settle()
    expect(fetches()).toBe(2)
    expect(await ask('a')).toBe('key_not_found')
  })

  test('asks again before it takes a token that it remembers', async () => {
    const clock = sleeping()
    const { verifier, answer } = openKeys(publish('a'), { clock, clockTolerance: 600 })
    const token = tokenOf('a', clock)
    for (let at = 0; at < 3; at += 1)
      expect(await verifier.check(token)).toMatchObject({ ok: true })
    expect(verifier.health().cache).toMatchObject({ hits: 1 })
    answer(publish('b'))
    clock.advance(600)
    expect(await verifier.check(token)).toMatchObject({ code: 'key_not_found' })
  })

  test.each(['an outage', 'the end'])('remembers tokens in spite of %s', async (what) => {
    const clock = sleeping()
    const { verifier, answer, ask } = openKeys(publish('a'), { clock })
    const token = tokenOf('a', clock, 7200)
    const hit = async (hits: number): Promise<void> => {
      expect(await verifier.check(token)).toMatchObject({ ok: true })
      expect(verifier.health().cache).toMatchObject({ hits })
    }
    for (const hits of [0, 0, 1]) await hit(hits)
    answer(down())
    clock.advance(600)
    if (what === 'the end') verifier.close()
    else expect(await ask('a')).toBe('granted')
    await hit(2)
    clock.advance(3300)
    expect(await verifier.check(token)).toMatchObject({ code: 'keys_unavailable' })
  })

  test('serves with what it has where the issuer cannot be asked', async () => {
    const clock = sleeping()
    const { verifier, answer, fetches, ask, settle } = openKeys(publish('a'), { clock })
    await verifier.warmUp()
    answer(down())
    clock.advance(3000)
    expect(await ask('a')).toBe('granted')
    expect(fetches()).toBe(2)
    answer(() => new Promise(() => {}))
    clock.advance(1)
    // Not waited for: one attempt has failed already.
    expect(await ask('a')).toBe('granted')
    expect(fetches()).toBe(3)
    verifier.close()
    await settle()
    expect(await ask('a')).toBe('granted')
  })
})

describe('after the end', () => {
  test('nothing is fetched, and what is held serves until it is too old', async () => {
    const { verifier, clock, fetches, ask } = openKeys(publish('a'))
    await verifier.warmUp()
    verifier.close()
    clock.advance(3899)
    expect(await ask('a')).toBe('granted')
    expect(await ask('b')).toBe('key_not_found')
    clock.advance(1)
    expect(await ask('a')).toBe('keys_unavailable')
    expect(fetches()).toBe(1)
  })

  test('who never had keys says so', async () => {
    const { verifier, clock, fetches } = openKeys(publish('a'))
    verifier.close()
    await expect(verifier.verify(tokenOf('a', clock))).rejects.toMatchObject({
      reason: `the keys of '${issuer}' cannot be had: nothing was fetched`,
      retryAfter: 1,
    })
    expect(verifier.ready()).toBe(false)
    expect(fetches()).toBe(0)
  })

  test('what was under way ends, and no timer is left', async () => {
    const { verifier, clock, fetches } = openKeys(() => new Promise(() => {}))
    const warmed = verifier.warmUp()
    verifier.close()
    await expect(warmed).rejects.toThrow('closed')
    clock.advance(3600)
    expect(fetches()).toBe(1)
  })
})
