import type { DecisionRecord, RevocationFeed } from '@resource-server/core'
import { introspect } from '@resource-server/introspection'
import {
  createRevocationList,
  memoryRevocationFeed,
  type LogoutEvent,
  type RevocationList,
  type RevocationListOptions,
  type RevocationTarget,
} from '@resource-server/revocation'
import { createTestIssuer, type TestIssuer, type TokenOptions } from '@resource-server/testing'
import type { Host } from '@resource-server/testing/conformance'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { hosts } from '../hosts/index.ts'
import { startStream } from '../hosts/streams.ts'
import { logoutHosts, logoutPath, otherLogoutHosts } from '../hosts/logout.ts'
import { corpus } from './corpus/corpus.ts'

// The cases REVOKE-* of the corpus, on every host, over real sockets. Each case is one row.

const audience = 'order-service'

async function startIssuer(options: object = {}): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ clients: { rs1: { secret: 's' } }, ...options })
  afterAll(() => issuer.close())
  return issuer
}

const issuer = await startIssuer()
const { clock } = issuer
const other = await startIssuer({ clock })
const at = (seconds: number): Date => new Date(clock.now() + seconds * 1000)

const tokenOf = (of: TestIssuer, options: Partial<TokenOptions> = {}): string =>
  of.token({
    aud: audience,
    sub: 'user-42',
    clientId: 'app',
    ...options,
    claims: { sid: 's-1', jti: 't-1', ...options.claims },
  })
const token = (options: Partial<TokenOptions> = {}): string => tokenOf(issuer, options)

interface Answered {
  readonly status: number
  /** The `error` of the challenge, or `null`. */
  readonly error: string | null
  readonly headers: Headers
  readonly text: string
}

interface Service {
  readonly list: RevocationList
  readonly get: (token: string) => Promise<Answered>
  readonly logout: (form: Record<string, string> | string) => Promise<Answered>
  readonly logoutUri: string
  readonly events: LogoutEvent[]
  readonly records: DecisionRecord[]
}

interface Run {
  readonly host: Host
  readonly start: (options?: RevocationListOptions, more?: object) => Promise<Service>
}

async function startService(
  host: Host,
  options: RevocationListOptions = {},
  more: object = {},
): Promise<Service> {
  const list = createRevocationList(options)
  const records: DecisionRecord[] = []
  const events: LogoutEvent[] = []
  const running = await host.start({
    options: {
      issuers: [issuer.url, other.url],
      audience,
      clock,
      maxLifetime: 600,
      revocation: list,
      log: 'off',
      onDecision: (record) => void records.push(record),
      ...more,
    },
    routes: [
      {
        method: 'GET',
        path: '/orders',
        guards: (guards) => [guards.requireAuthentication()],
        respond: (read) => read()?.subject ?? 'anonymous',
      },
    ],
  })
  const handlers = list.backchannelLogout({
    clients: ['web'],
    onLogout: (event) => void events.push(event),
  })
  const receiver = await logoutHosts[host.name]!(handlers)
  onTestFinished(async () => {
    await Promise.all([running.close(), receiver.close()])
  })
  const logoutUri = `http://127.0.0.1:${receiver.port}${logoutPath}`
  const logout: Service['logout'] = async (form) => {
    const body = typeof form === 'string' ? form : new URLSearchParams(form)
    const type = 'application/x-www-form-urlencoded'
    const init = { method: 'POST', body, headers: { 'content-type': type } }
    const response = await fetch(logoutUri, init)
    const text = await response.text()
    const error = text === '' ? null : (JSON.parse(text) as { error: string }).error
    return { status: response.status, error, headers: response.headers, text }
  }
  return {
    list,
    records,
    events,
    logoutUri,
    logout,
    get: async (raw) => {
      const headers = { authorization: `Bearer ${raw}` }
      const response = await fetch(`http://127.0.0.1:${running.port}/orders`, { headers })
      const challenge = response.headers.get('www-authenticate') ?? ''
      const error = /\berror="(\w+)"/.exec(challenge)?.[1] ?? null
      return {
        status: response.status,
        error,
        headers: response.headers,
        text: await response.text(),
      }
    },
  }
}

const granted = { status: 200, error: null }
const refused = { status: 401, error: 'invalid_token' }
const unavailable = { status: 503, error: null }
const notAccepted = { status: 400, error: 'invalid_request' }

/** Starts a service that has a revocation. */
async function revoked({ start }: Run, target: RevocationTarget): Promise<Service> {
  const service = await start()
  await service.list.revoke(target)
  return service
}

/** A feed that rejects, never answers, or throws. */
const brokenFeed = (append: () => never): RevocationFeed => ({
  name: 'broken',
  append,
  read: append,
  subscribe: () => () => {},
})

const { url } = issuer

/** Opens a stream of events on a host. `rest` resolves once the server has ended it. */
async function openStream(name: string, list: RevocationList, jwt: string) {
  const options = { issuer: url, audience, clock, maxLifetime: 600, revocation: list }
  const running = await startStream[name]!(options)
  onTestFinished(() => running.close())
  const response = await fetch(`http://127.0.0.1:${running.port}/events`, {
    headers: { authorization: `Bearer ${jwt}` },
  })
  const reader = response.body!.getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: first\n\n')
  const rest = async (): Promise<string> => {
    const { done, value } = await reader.read()
    return done ? '' : new TextDecoder().decode(value) + (await rest())
  }
  return { status: response.status, rest }
}

const cases: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  'REVOKE-jti': async (run) => {
    const service = await revoked(run, { issuer: url, jti: 't-1' })
    expect(await service.get(token())).toMatchObject(refused)
    expect(await service.get(token({ claims: { jti: 't-2' } }))).toMatchObject(granted)
  },
  'REVOKE-jti-other-issuer': async (run) => {
    const service = await revoked(run, { issuer: other.url, jti: 't-1' })
    expect(await service.get(token())).toMatchObject(granted)
  },
  'REVOKE-sub': async (run) => {
    const before = token()
    clock.advance(1)
    const service = await revoked(run, { issuer: url, subject: 'user-42' })
    expect(await service.get(before)).toMatchObject(refused)
    clock.advance(1)
    expect(await service.get(token())).toMatchObject(granted)
    expect(await service.get(tokenOf(other))).toMatchObject(granted)
  },
  'REVOKE-sub-iat-equal': async (run) => {
    const service = await revoked(run, { issuer: url, subject: 'user-42', before: at(0) })
    expect(await service.get(token())).toMatchObject(refused)
  },
  'REVOKE-actor': async (run) => {
    const service = await revoked(run, { issuer: url, actor: 'svc-a' })
    expect(await service.get(token({ actors: ['svc-a'] }))).toMatchObject(refused)
    expect(await service.get(token({ actors: ['svc-b', 'svc-a'] }))).toMatchObject(granted)
  },
  'REVOKE-global': async (run) => {
    const service = await revoked(run, { issuer: url, before: at(0) })
    expect(await service.get(token())).toMatchObject(refused)
    expect(await service.get(tokenOf(other))).toMatchObject(granted)
    clock.advance(1)
    expect(await service.get(token())).toMatchObject(granted)
  },
  'REVOKE-cached': async ({ start }) => {
    const service = await start()
    const used = token()
    for (let times = 0; times < 3; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the cache keeps a token at its second use
      expect(await service.get(used)).toMatchObject(granted)
    }
    await service.list.revoke({ issuer: url, jti: 't-1' })
    expect(await service.get(used)).toMatchObject(refused)
    expect(service.records.at(-1)).toMatchObject({ cached: true, code: 'token_revoked' })
  },
  'REVOKE-introspection': async ({ start }) => {
    const introspection = introspect({ client: { id: 'rs1', secret: 's' } })
    const service = await start({}, { issuers: [{ issuer: url, introspection }] })
    const opaque = issuer.opaqueToken({ aud: audience, claims: { sid: 's-1' } })
    expect(await service.get(opaque)).toMatchObject(granted)
    await service.list.revoke({ issuer: url, sid: 's-1' })
    expect(await service.get(opaque)).toMatchObject(refused)
    expect(service.records.at(-1)).toMatchObject({ cached: true, code: 'token_revoked' })
  },
  'REVOKE-store-down': async ({ start }) => {
    const failures: readonly (() => never)[] = [
      () => Promise.reject(new Error('ECONNREFUSED')) as never,
      () => new Promise(() => {}) as never,
      () => {
        throw new Error('it throws')
      },
    ]
    for (const fail of failures) {
      // oxlint-disable-next-line no-await-in-loop -- one service at a time
      const service = await start({ feed: brokenFeed(fail), whenStale: 'grant' })
      // oxlint-disable-next-line no-await-in-loop -- as above
      const response = await service.get(token())
      expect(response).toMatchObject(unavailable)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(response.headers.get('www-authenticate')).toBeNull()
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await service.get(issuer.forge.expired({ aud: audience }))).toMatchObject(refused)
    }
  },
  'REVOKE-store-corrupt': async ({ start }) => {
    const entry = { v: 1, kind: 'sid', issuer: url, value: 's-9', time: clock.now() }
    const entries = ['"x"', { ...entry, issuer: undefined }, { ...entry, before: 'x' }]
    for (const corrupt of entries) {
      const feed = memoryRevocationFeed()
      // oxlint-disable-next-line no-await-in-loop -- one service at a time
      await feed.append(JSON.stringify(corrupt), 60_000)
      // oxlint-disable-next-line no-await-in-loop -- as above
      const service = await start({ feed })
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await service.get(token())).toMatchObject(unavailable)
      expect(service.records.at(-1)?.reason).toContain('an entry of the feed is malformed')
    }
  },
  'REVOKE-flood': async ({ start }) => {
    const service = await start({ maxEntries: 100 })
    await service.list.revoke({ issuer: url, jti: 't-1' })
    let full = 0
    for (let count = 0; count < 200; count += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await service.list.revoke({ issuer: url, sid: `s-${count}-x` }).catch(() => (full += 1))
    }
    expect(full).toBe(101)
    expect(await service.get(token())).toMatchObject(refused)
    const logoutToken = issuer.logoutToken({ aud: 'web', sid: 's-new' })
    expect(await service.logout({ logout_token: logoutToken })).toMatchObject({ status: 503 })
    // The issuer sends it again when there is room.
    clock.advance(620)
    const again = issuer.logoutToken({ aud: 'web', sid: 's-new' })
    expect(await service.logout({ logout_token: again })).toMatchObject(granted)
  },
  'REVOKE-restart': async ({ start }) => {
    const feed = memoryRevocationFeed()
    const before = await start({ feed })
    expect(await before.get(token())).toMatchObject(granted)
    await before.list.revoke({ issuer: url, jti: 't-1' })
    const restarted = await start({ feed })
    expect(await restarted.get(token())).toMatchObject(refused)
    const withoutFeed = await start()
    expect(await withoutFeed.get(token())).toMatchObject(granted)
  },
  // Also with WebSockets, and with what the application writes afterwards: test/hosts/connections.test.ts.
  'REVOKE-open-stream': async ({ host }) => {
    const list = createRevocationList()
    const stream = await openStream(host.name, list, token())
    await list.revoke({ issuer: url, sid: 's-1' })
    clock.advance(1)
    expect(await stream.rest()).not.toContain('late')
    expect(stream.status).toBe(200)
  },
  'REVOKE-token-as-set': async ({ start }) => {
    const service = await start()
    const posted = [token(), token({ aud: 'web' }), issuer.idToken({ aud: 'web' })]
    for (const jwt of posted) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await service.logout({ logout_token: jwt })).toMatchObject(notAccepted)
    }
    expect(await service.get(token())).toMatchObject(granted)
  },
  'REVOKE-bcl-good': async ({ start }) => {
    const service = await start()
    const session = token()
    const otherSession = token({ claims: { sid: 's-2' } })
    expect(await service.get(session)).toMatchObject(granted)
    const response = await issuer.signOut(service.logoutUri, {
      aud: 'web',
      sid: 's-1',
      sub: 'user-42',
    })
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await service.get(session)).toMatchObject(refused)
    expect(await service.get(otherSession)).toMatchObject(granted)
    expect(service.events).toEqual([
      { outcome: 'accepted', issuer: url, sid: 's-1', subject: 'user-42' },
    ])
  },
  'REVOKE-bcl-bad': async ({ start }) => {
    const service = await start()
    const good = { aud: 'web', sid: 's-1', sub: 'user-42' }
    const now = Math.floor(clock.now() / 1000)
    const logout = 'http://schemas.openid.net/event/backchannel-logout'
    const claims: readonly object[] = [
      { nonce: 'n' },
      { events: { 'https://example.com/other': {} } },
      { events: { [logout]: null } },
      { events: { [logout]: [] } },
      { events: { [logout]: 'x' } },
      { events: [] },
      { events: undefined },
      { sub: undefined, sid: undefined },
      { sid: 1 },
      { aud: 'other-client' },
      { aud: undefined },
      { iss: 'https://evil.example' },
      { iss: other.url },
      { exp: now - 60 },
      { iat: undefined },
      { iat: now + 3600 },
      { iat: now - 3600 },
      { jti: undefined },
    ]
    const bad = [
      ...claims.map((changed) => issuer.logoutToken({ ...good, claims: changed as never })),
      issuer.logoutToken({ ...good, header: { typ: 'at+jwt' } }),
      issuer.logoutToken({ ...good, header: { alg: 'none' } }),
      issuer.idToken({ aud: 'web' }),
      other.sign({ header: { typ: 'logout+jwt' }, payload: { ...good, iss: url } }),
      'garbage',
      '',
    ]
    for (const jwt of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await service.logout({ logout_token: jwt })
      expect(response).toMatchObject(notAccepted)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
    const twice = new URLSearchParams([
      ['logout_token', issuer.logoutToken(good)],
      ['logout_token', issuer.logoutToken(good)],
    ])
    expect(await service.logout(String(twice))).toMatchObject(notAccepted)
    expect(await service.logout('')).toMatchObject(notAccepted)
    expect(service.events.filter(({ outcome }) => outcome !== 'refused')).toEqual([])
    expect(await service.get(token())).toMatchObject(granted)
  },
  'REVOKE-bcl-replay': async ({ start }) => {
    const service = await start()
    const jwt = issuer.logoutToken({ aud: 'web', sub: 'user-42' })
    expect(await service.logout({ logout_token: jwt })).toMatchObject(granted)
    clock.advance(1)
    const later = token({ claims: { sid: 's-2' } })
    expect(await service.logout({ logout_token: jwt })).toMatchObject(notAccepted)
    expect(await service.get(later)).toMatchObject(granted)
  },
  'REVOKE-bcl-sub-only': async ({ start }) => {
    const service = await start()
    const sessions = [token(), token({ claims: { sid: 's-2' } })]
    const jwt = issuer.logoutToken({ aud: 'web', sub: 'user-42' })
    clock.advance(1)
    const later = token({ claims: { sid: 's-3' } })
    expect(await service.logout({ logout_token: jwt })).toMatchObject(granted)
    for (const session of sessions) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await service.get(session)).toMatchObject(refused)
    }
    expect(await service.get(later)).toMatchObject(granted)
    expect(await service.get(tokenOf(other))).toMatchObject(granted)
  },
  'REVOKE-no-oracle': async ({ start }) => {
    const stranger = await startIssuer({ clock })
    const service = await start()
    await service.list.revoke({ issuer: url, sid: 's-1' })
    const fetches = issuer.requests.keys
    const texts = new Set<string>()
    for (const jwt of [
      stranger.logoutToken({ aud: 'web', sid: 's-1' }),
      'x'.repeat(20_000),
      'a.b.c',
      token(),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const response = await service.logout({ logout_token: jwt })
      expect(response).toMatchObject(notAccepted)
      texts.add(response.text)
    }
    expect(texts.size).toBe(1)
    expect(stranger.requests).toEqual({ discovery: 0, keys: 0 })
    expect(issuer.requests.keys - fetches).toBeLessThanOrEqual(1)
  },
}

test('every case REVOKE-* of the corpus has a row, except those for Shared Signals', () => {
  const ids = corpus
    .filter(({ id, not_built_yet: feature }) => id.startsWith('REVOKE-') && feature === undefined)
    .map(({ id }) => id)
  expect(Object.keys(cases).toSorted()).toEqual(ids.toSorted())
})

describe.each(hosts)('$name', (host) => {
  test.each(Object.entries(cases))('%s', async (_id, run) => {
    await run({ host, start: (options, more) => startService(host, options, more) })
  })
})

// CACHE-malleable: the denylist compares claims, not the text of the token.
test('a token whose text differs from that of a revoked token is refused', async () => {
  const service = await startService(hosts[0]!)
  const [one, two] = [token(), token()]
  await service.list.revoke({ issuer: url, jti: 't-1' })
  expect(one).not.toBe(two)
  expect(await service.get(one)).toMatchObject(refused)
  expect(await service.get(two)).toMatchObject(refused)
})

test.each(Object.entries(otherLogoutHosts))('back-channel logout on %s', async (_name, start) => {
  const service = await startService(hosts[0]!)
  const receiver = await start(service.list.backchannelLogout({ clients: ['web'] }))
  onTestFinished(() => receiver.close())
  const uri = `http://127.0.0.1:${receiver.port}${logoutPath}`
  expect((await issuer.signOut(uri, { aud: 'web', sid: 's-1' })).status).toBe(200)
  expect((await issuer.signOut(uri, { aud: 'shop', sid: 's-1' })).status).toBe(400)
  expect((await fetch(uri, { method: 'POST', body: '{}' })).status).toBe(400)
  expect(await service.get(token())).toMatchObject(refused)
})
