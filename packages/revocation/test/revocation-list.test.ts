import { ConfigError, createVerifier, type DecisionRecord } from '@resource-server/core'
import type { TokenOptions } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { createRevocationList, RevocationError, type RevocationTarget } from '../src/index.ts'
import { aud, lifetime, settled, startIssuer, startProcess } from './support.ts'

const issuer = await startIssuer()
const { url, clock } = issuer
const other = await startIssuer({ clock })

const tokenWith = (options: Partial<TokenOptions> = {}, of = issuer): string =>
  of.token({ aud, ...options })
const user = tokenWith({ sub: 'user-42', claims: { jti: 't-1', sid: 's-1', client_id: 'app' } })
const delegated = tokenWith({ sub: 'user-43', actors: ['svc-a', 'svc-b'] })

/** After `seconds`, as a Date. */
const at = (seconds: number): Date => new Date(clock.now() + seconds * 1000)

type Row = readonly [what: string, target: RevocationTarget, token: string, outcome: string]

const rows: readonly Row[] = [
  ['the jti', { issuer: url, jti: 't-1' }, user, 'token_revoked'],
  ['another jti', { issuer: url, jti: 't-2' }, user, 'granted'],
  ['the session', { issuer: url, sid: 's-1' }, user, 'token_revoked'],
  ['another session', { issuer: url, sid: 's-2' }, user, 'granted'],
  ['the subject', { issuer: url, subject: 'user-42' }, user, 'token_revoked'],
  ['another subject', { issuer: url, subject: 'user-43' }, user, 'granted'],
  [
    'the subject, until a second ago',
    { issuer: url, subject: 'user-42', before: at(-1) },
    user,
    'granted',
  ],
  [
    'the subject, until its iat',
    { issuer: url, subject: 'user-42', before: at(0) },
    user,
    'token_revoked',
  ],
  ['the client', { issuer: url, clientId: 'app' }, user, 'token_revoked'],
  ['another client', { issuer: url, clientId: 'app-2' }, user, 'granted'],
  ['the subject as a client', { issuer: url, clientId: 'user-42' }, user, 'granted'],
  ['the current actor', { issuer: url, actor: 'svc-a' }, delegated, 'token_revoked'],
  ['a prior actor', { issuer: url, actor: 'svc-b' }, delegated, 'granted'],
  [
    'the actor, until a second ago',
    { issuer: url, actor: 'svc-a', before: at(-1) },
    delegated,
    'granted',
  ],
  ['the issuer', { issuer: url, before: at(0) }, user, 'token_revoked'],
  ['the issuer, until a second ago', { issuer: url, before: at(-1) }, user, 'granted'],
]

describe('a revocation', () => {
  test.each(rows)('of %s', async (_what, target, token, outcome) => {
    const { list, outcome: outcomeOf } = startProcess(issuer)
    await list.revoke(target)
    expect(await outcomeOf(token)).toBe(outcome)
  })

  test.each<RevocationTarget>([
    { issuer: other.url, jti: 't-1' },
    { issuer: other.url, sid: 's-1' },
    { issuer: other.url, subject: 'user-42' },
    { issuer: other.url, clientId: 'app' },
    { issuer: other.url, before: at(0) },
  ])('at another issuer does not affect this one: %j', async (target) => {
    const list = createRevocationList()
    const verifier = createVerifier({
      issuers: [url, other.url],
      audience: aud,
      clock,
      maxLifetime: lifetime,
      revocation: list,
    })
    await list.revoke(target)
    const same = other.token({
      aud,
      sub: 'user-42',
      claims: { jti: 't-1', sid: 's-1', client_id: 'app' },
    })
    expect(await verifier.check(user)).toMatchObject({ ok: true })
    expect(await verifier.check(same)).toMatchObject({ code: 'token_revoked' })
  })

  test('affects a token that is in the cache, from the next request on', async () => {
    const { list, verifier, outcome } = startProcess(issuer)
    for (let uses = 0; uses < 3; uses += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the cache keeps a token at its second use
      expect(await outcome(user)).toBe('granted')
    }
    expect(verifier.health().cache?.hits).toBeGreaterThan(0)
    await list.revoke({ issuer: url, jti: 't-1' })
    expect(await outcome(user)).toBe('token_revoked')
  })

  test('is known for a token that was verified before', async () => {
    const { list, verifier } = startProcess(issuer)
    const verified = await verifier.verify(user)
    expect(list.isRevoked(verified)).toBe(false)
    await list.revoke({ issuer: url, sid: 's-1' })
    expect(list.isRevoked(verified)).toBe(true)
  })

  test('says in the record what matched, and nothing to the caller', async () => {
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const { list, outcome } = startProcess(issuer, {}, { onDecision })
    await list.revoke({ issuer: url, sid: 's-1' })
    await outcome(user)
    await settled()
    expect(records).toMatchObject([
      {
        outcome: 'refused',
        code: 'token_revoked',
        reason: 'the token was revoked: its session (sid) is on the list',
        subject: 'user-42',
      },
    ])
  })

  test('of a subject does not affect its next sign-in', async () => {
    const { list, outcome } = startProcess(issuer)
    await list.revoke({ issuer: url, subject: 'user-42' })
    clock.advance(1)
    expect(await outcome(tokenWith({ sub: 'user-42' }))).toBe('granted')
  })

  test('that is repeated for an earlier time keeps the later time', async () => {
    const { list, outcome } = startProcess(issuer)
    const later = tokenWith({ sub: 'user-42' })
    await list.revoke({ issuer: url, subject: 'user-42', before: at(0) })
    await list.revoke({ issuer: url, subject: 'user-42', before: at(-60) })
    expect(await outcome(later)).toBe('token_revoked')
  })

  test('does not hide why a token is refused anyway', async () => {
    const { list, outcome } = startProcess(issuer)
    await list.revoke({ issuer: url, subject: 'user-42' })
    expect(await outcome(tokenWith({ sub: 'user-42', aud: 'stock' }))).toBe('audience_mismatch')
  })
})

describe('an entry', () => {
  test('is kept until the tokens that it matches have expired, and not longer', async () => {
    const { list, verifier, outcome } = startProcess(issuer)
    const longest = tokenWith({ expiresIn: lifetime, claims: { jti: 'long' } })
    await list.revoke({ issuer: url, jti: 'long' })
    clock.advance(lifetime + 4)
    expect(await outcome(longest)).toBe('token_revoked')
    expect(verifier.health().revocation).toMatchObject({ entries: 1 })
    clock.advance(7)
    expect(await outcome(longest)).toBe('token_expired')
    expect(verifier.health().revocation).toMatchObject({ entries: 0 })
  })

  test('is kept for the longest maxLifetime of the verifiers that use the list', async () => {
    const { list, verifier } = startProcess(issuer)
    const options = { issuer: url, audience: aud, clock, revocation: list }
    createVerifier({ ...options, maxLifetime: 2 * lifetime })
    await list.revoke({ issuer: url, jti: 'long' })
    clock.advance(2 * lifetime)
    expect(verifier.health().revocation).toMatchObject({ entries: 1 })
  })

  test('is never dropped for a newer one: a full list refuses to add', async () => {
    const { list, verifier, outcome } = startProcess(issuer, { maxEntries: 2 })
    const first = tokenWith({ claims: { jti: 'first' } })
    await list.revoke({ issuer: url, jti: 'first' })
    await list.revoke({ issuer: url, jti: 'second' })
    await expect(list.revoke({ issuer: url, jti: 'third' })).rejects.toMatchObject({
      name: 'RevocationError',
      code: 'list_full',
    })
    await list.revoke({ issuer: url, jti: 'first' })
    expect(await outcome(first)).toBe('token_revoked')
    expect(verifier.health().revocation).toEqual({
      state: 'current',
      source: 'process',
      entries: 2,
    })
    clock.advance(lifetime + 11)
    await list.revoke({ issuer: url, jti: 'third' })
  })
})

describe('misuse', () => {
  const fix = /maxLifetime/

  test('without maxLifetime is a ConfigError', () => {
    const options = { issuer: url, audience: aud, revocation: createRevocationList() }
    expect(() => createVerifier(options)).toThrow(ConfigError)
    expect(() => createVerifier(options)).toThrow(fix)
  })

  test('as an object without connect() is a ConfigError', () => {
    const options = { issuer: url, audience: aud, revocation: {} as never }
    expect(() => createVerifier(options)).toThrow(/connect\(\)/)
  })

  test.each([
    [{ maxEntries: 0 }, 'maxEntries'],
    [{ whenStale: 'pass' as never }, 'whenStale'],
    [{ maxStaleness: 7200 }, 'maxStaleness'],
    [{ feed: {} as never }, 'feed'],
    [{ feeds: 1 } as never, 'feeds'],
  ])('of createRevocationList(%j) is a ConfigError', (options, name) => {
    expect(() => createRevocationList(options)).toThrow(ConfigError)
    expect(() => createRevocationList(options)).toThrow(name)
  })

  test('of revoke() before a verifier uses the list is a ConfigError', async () => {
    const list = createRevocationList()
    await expect(list.revoke({ issuer: url, jti: 't-1' })).rejects.toThrow(/nothing uses/)
  })

  test.each<[unknown, string]>([
    [undefined, 'object'],
    [{ issuer: url }, "'before'"],
    [{ jti: 't-1' }, "'issuer'"],
    [{ issuer: url, jti: '' }, "'jti'"],
    [{ issuer: url, subject: 42 }, "'subject'"],
    [{ issuer: url, jti: 't-1', sid: 's-1' }, 'unexpected members: jti, sid'],
    [{ issuer: url, username: 'joe' }, 'unexpected members: username'],
    [{ issuer: url, jti: 't-1', before: at(0) }, "'before' has no effect"],
    [{ issuer: url, subject: 'user-42', before: 1_700_000_000 }, "'before'"],
    [{ issuer: url, subject: 'user-42', before: new Date(Number.NaN) }, "'before'"],
    [{ issuer: url, subject: 'user-42', before: new Date(8e15) }, 'in the future'],
    [{ issuer: `${url}/`, jti: 't-1' }, 'unknown issuer'],
  ])('of revoke(%j) is a ConfigError', async (target, problem) => {
    const { list, verifier } = startProcess(issuer)
    const revoked = list.revoke(target as RevocationTarget)
    await expect(revoked).rejects.toThrow(ConfigError)
    await expect(revoked).rejects.toThrow(problem)
    expect(verifier.health().revocation).toMatchObject({ entries: 0 })
  })

  test('is not a RevocationError', () => {
    expect(new RevocationError('list_full', 'x')).not.toBeInstanceOf(ConfigError)
  })
})
