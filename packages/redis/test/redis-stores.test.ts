import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { ConfigError } from '@resource-server/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type IoredisClient, type RedisClient, RedisStoreError, redisStores } from '../src/index.ts'

// What needs no server. The repository's test/redis has the tests with one.

const client = (changes: Partial<IoredisClient> = {}): IoredisClient => ({
  status: 'ready',
  isCluster: false,
  on: () => {},
  get: async () => null,
  set: async () => 'OK',
  del: async () => 1,
  eval: async () => [1, '100'],
  evalsha: async () => [1, '100'],
  ...changes,
})

const proof = { id: 'id', jkt: 'key', now: 1_700_000_000_000, expiresAt: 1_700_000_075_000 }

async function errorOf(promise: unknown): Promise<RedisStoreError> {
  const error: unknown = await Promise.resolve(promise).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RedisStoreError)
  return error as RedisStoreError
}

describe('options', () => {
  test.each([undefined, null, {}, 'redis://localhost', { get: () => {} }, { isOpen: true }])(
    'refuse %s as a client',
    (value) => {
      expect(() => redisStores(value as unknown as RedisClient)).toThrow(ConfigError)
    },
  )

  test.each([0, 9, 901, 10.5, Number.NaN, '500', null])('refuse the timeout %s', (timeout) => {
    expect(() => redisStores(client(), { timeout: timeout as number })).toThrow(
      "'timeout' must be a whole number from 10 to 900.",
    )
  })

  test.each([10, 900])('accept the timeout %s', (timeout) => {
    expect(Object.keys(redisStores(client(), { timeout }))).toEqual(['replay', 'keys', 'expiring'])
  })

  test('refuse a prefix that is not a string', () => {
    expect(() => redisStores(client(), { prefix: 1 as unknown as string })).toThrow(ConfigError)
  })

  test('refuse an unknown name', () => {
    expect(() => redisStores(client(), { ttl: 1 } as object)).toThrow("has no option 'ttl'")
  })
})

describe('a reply', () => {
  test.each([
    undefined,
    null,
    true,
    'OK',
    1,
    [],
    [1],
    [true, '100'],
    ['1', '100'],
    [2, '100'],
    [1, null],
    [1, 'soon'],
    [1, 100],
  ])('to a proof that is %j makes the store unavailable', async (reply) => {
    const { replay } = redisStores(client({ evalsha: async () => reply }))
    expect((await errorOf(replay.consume(proof))).code).toBe('UNEXPECTED_REPLY')
  })

  test.each([1, true, {}, ['value']])('to get() that is %j is not a value', async (reply) => {
    const { keys, expiring } = redisStores(client({ get: async () => reply }))
    expect((await errorOf(keys.get('name'))).code).toBe('UNEXPECTED_REPLY')
    expect((await errorOf(expiring.get('name'))).code).toBe('UNEXPECTED_REPLY')
  })
})

test('the script is sent only to a server that does not know it', async () => {
  const evaluate = vi.fn<IoredisClient['eval']>(async () => [1, '100'])
  const evalsha = vi.fn<IoredisClient['evalsha']>(async () => [0, '100'])
  const { replay } = redisStores(client({ eval: evaluate, evalsha }))
  expect(await replay.consume(proof)).toBe(false)
  expect(evaluate).not.toHaveBeenCalled()
  evalsha.mockRejectedValueOnce(new Error('NOSCRIPT No matching script.'))
  expect(await replay.consume(proof)).toBe(true)
  expect(evaluate).toHaveBeenCalledTimes(1)
  evalsha.mockRejectedValueOnce(new Error('OOM command not allowed'))
  expect((await errorOf(replay.consume(proof))).code).toBe('OOM')
  expect(evaluate).toHaveBeenCalledTimes(1)
})

describe('an error of the client', () => {
  const codeOf = async (thrown: unknown): Promise<unknown> => {
    const { keys } = redisStores(client({ get: () => Promise.reject(thrown) }))
    return (await errorOf(keys.get('name'))).code
  }

  test.each([
    [new Error('NOPERM this user has no permissions to run the info command'), 'NOPERM'],
    [new Error('OOM command not allowed'), 'OOM'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new Error('LOADING Redis'), { code: 5 }), 'LOADING'],
    [new Error('READONLY'), 'READONLY'],
    [new Error('Connection is closed.'), 'DISCONNECTED'],
    [new Error('Socket closed unexpectedly'), 'DISCONNECTED'],
    [new Error('The client is offline'), 'DISCONNECTED'],
    [new Error('Command aborted'), 'FAILED'],
    [new Error('SECRET-password was refused'), 'FAILED'],
    [new Error('S'), 'FAILED'],
    [new Error(`${'A'.repeat(40)} x`), 'FAILED'],
    [new Error('NOPERM\nSECRET'), 'FAILED'],
    [undefined, 'FAILED'],
    [null, 'FAILED'],
    ['NOPERM', 'FAILED'],
  ])('%s becomes %s', async (thrown, code) => {
    expect(await codeOf(thrown)).toBe(code)
  })

  test('leaves nothing but its code', async () => {
    const thrown = Object.assign(new Error('WRONGPASS invalid SECRET'), {
      command: { name: 'auth', args: ['SECRET'] },
    })
    const { keys } = redisStores(client({ get: () => Promise.reject(thrown) }))
    const error = await errorOf(keys.get('name'))
    expect(error.message).toBe('Redis is unavailable or refused the command: WRONGPASS.')
    expect(Object.entries(error)).toEqual([
      ['name', 'RedisStoreError'],
      ['code', 'WRONGPASS'],
    ])
    expect(error.cause).toBeUndefined()
  })

  test('that is thrown is handled like one that is rejected', async () => {
    const get = (): never => {
      throw new Error('OOM command not allowed')
    }
    const { keys } = redisStores(client({ get }))
    expect((await errorOf(keys.get('name'))).code).toBe('OOM')
  })

  test('is called DISCONNECTED if the client has lost its connection meanwhile', async () => {
    const lost = { status: 'ready' }
    const get = (): Promise<never> => {
      lost.status = 'reconnecting'
      return Promise.reject(new Error('Command aborted'))
    }
    const { keys } = redisStores(Object.assign(lost, client({ get })))
    expect((await errorOf(keys.get('name'))).code).toBe('DISCONNECTED')
  })
})

test.each(['wait', 'connecting', 'connect', 'reconnecting', 'close', 'end'])(
  'sends nothing while the status of ioredis is %s',
  async (status) => {
    const evaluate = vi.fn<IoredisClient['evalsha']>(async () => [1, '100'])
    const { replay } = redisStores(client({ status, evalsha: evaluate }))
    expect((await errorOf(replay.consume(proof))).code).toBe('DISCONNECTED')
    expect(evaluate).not.toHaveBeenCalled()
  },
)

test.each([
  [{ isOpen: true, isReady: false }, 0],
  [{ isOpen: false }, 0],
  [{ isOpen: true, isReady: true }, 1],
  [{ isOpen: true }, 1],
])('with %j, a client of redis sends %i commands', async (state, sent) => {
  const get = vi.fn<() => Promise<null>>(async () => null)
  const { keys } = redisStores({ ...state, on: () => {}, withCommandOptions: () => ({ get }) })
  await Promise.resolve(keys.get('name')).catch(() => {})
  expect(get).toHaveBeenCalledTimes(sent)
})

describe('while Redis does not respond', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  /** A client whose replies a test releases. */
  function hangingClient(changes: Partial<IoredisClient> = {}) {
    const replies: (() => void)[] = []
    const get = vi.fn<IoredisClient['get']>(
      () => new Promise((resolve) => replies.push(() => resolve(null))),
    )
    const { keys } = redisStores(client({ get, ...changes }), { timeout: 500 })
    const ask = async (): Promise<unknown> =>
      keys.get('name').then(
        () => 'reply',
        ({ code }: RedisStoreError) => code,
      )
    return { replies, get, ask }
  }

  test('a call fails after the timeout', async () => {
    const { ask } = hangingClient()
    const asked = ask()
    await vi.advanceTimersByTimeAsync(500)
    expect(await asked).toBe('TIMEOUT')
  })

  test('calls fail at once after a second without any response, until there is one', async () => {
    const { replies, get, ask } = hangingClient()
    void ask()
    await vi.advanceTimersByTimeAsync(1000)
    void ask()
    expect(get).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(await ask()).toBe('NOT_RESPONDING')
    expect(get).toHaveBeenCalledTimes(2)
    replies.at(0)?.()
    await vi.advanceTimersByTimeAsync(0)
    const asked = ask()
    replies.at(2)?.()
    expect(await asked).toBe('reply')
  })

  test('calls are sent again after a reconnection, even if the client drops what it had sent', async () => {
    let reconnect = (): void => {}
    const on: IoredisClient['on'] = (_event, listener) => (reconnect = listener)
    const { replies, ask } = hangingClient({ on })
    void ask()
    await vi.advanceTimersByTimeAsync(1001)
    expect(await ask()).toBe('NOT_RESPONDING')
    reconnect()
    const asked = ask()
    replies.at(1)?.()
    expect(await asked).toBe('reply')
  })

  test('a server of a cluster does not stop calls to the others', async () => {
    const { ask, get } = hangingClient({ isCluster: true })
    for (let at = 0; at < 6; at += 1) {
      void ask()
      await vi.advanceTimersByTimeAsync(400)
    }
    expect(get).toHaveBeenCalledTimes(6)
  })

  test('a command that stays unanswered does not stop others that are answered', async () => {
    const { replies, ask } = hangingClient()
    void ask()
    for (let at = 1; at < 6; at += 1) {
      await vi.advanceTimersByTimeAsync(at === 1 ? 400 : 60_000)
      const asked = ask()
      replies.at(at)?.()
      expect(await asked).toBe('reply')
    }
  })

  test('the time without commands does not count', async () => {
    const { replies, ask } = hangingClient()
    for (let at = 0; at < 3; at += 1) {
      const asked = ask()
      replies.at(at)?.()
      expect(await asked).toBe('reply')
      await vi.advanceTimersByTimeAsync(60_000)
    }
  })
})

test('a reply that arrived while the process was busy counts', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [sender] = (await once(server, 'connection')) as [Socket]
  const get = (): Promise<null> =>
    new Promise((resolve) => void receiver.once('data', () => resolve(null)))
  const { keys } = redisStores(client({ get }), { timeout: 10 })
  const reply = keys.get('name')
  sender.write('reply')
  const end = performance.now() + 20
  while (performance.now() < end);
  expect(await reply).toBeNull()
  receiver.destroy()
  server.close()
})

test('10,000 calls can wait, and those that are never answered count for 30 seconds', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const get = vi.fn<IoredisClient['get']>(() => new Promise(() => {}))
  const { keys } = redisStores(client({ isCluster: true, get }), { timeout: 10 })
  const codeNow = async (): Promise<unknown> => (await errorOf(keys.get('name'))).code
  const waiting = Array.from({ length: 10_000 }, codeNow)
  expect(await codeNow()).toBe('TOO_MANY_PENDING')
  await Promise.all(waiting)
  now = 29_999
  expect(await codeNow()).toBe('TOO_MANY_PENDING')
  now = 30_000
  expect(await codeNow()).toBe('TIMEOUT')
  expect(get).toHaveBeenCalledTimes(10_001)
})

describe('since', () => {
  test('is the start of the server, and never moves back', async () => {
    let uptime = '100'
    const { replay } = redisStores(client({ evalsha: async () => [1, uptime] }))
    expect(replay.since).toBeUndefined()
    await replay.consume(proof)
    expect(replay.since).toBe(proof.now - 100_000)
    uptime = '7'
    await replay.consume(proof)
    expect(replay.since).toBe(proof.now - 7000)
    // Another server of the cluster.
    uptime = '9000'
    await replay.consume(proof)
    expect(replay.since).toBe(proof.now - 7000)
  })
})
