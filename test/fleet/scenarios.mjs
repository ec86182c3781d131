// What a fleet asks of its authorization server. Each scenario returns numbers with their bounds.
import {
  after,
  at,
  blocked,
  clockOf,
  every,
  restart,
  runUntil,
  time,
  wallClock,
} from './simulation.mjs'
import { audience, AuthorizationServer, createKey, forgedToken, tokenOf } from './server.mjs'
import {
  createVerifier,
  deploy,
  firstTime,
  isFresh,
  hasKeys,
  startService,
  stop,
  watchKeys,
} from './fleet.mjs'

/** @typedef {{ what: string, value: number, max: number }} Result a value above `max` is a failure */
/** @typedef {(instances: number) => Promise<Result[]>} Scenario */

const minute = 60
const hour = 3600
/** What one instance asks in normal operation: a key set every 270 s, and metadata every hour. */
const steady = 1 / 270 + 1 / hour

/** @type {(what: string, value: number, max: number) => Result} */
const result = (what, value, max) => ({ what, value, max })

/** @type {Record<string, Scenario>} */
export const scenarios = {
  'deploy in one second': async (instances) => {
    const server = new AuthorizationServer()
    const services = deploy(instances, 1, server)
    await runUntil(2 * hour)
    stop(services)
    // A small fleet has too few requests for a peak within a second.
    const window = instances >= 10_000 ? 1 : 10
    /** @type {(from: number, to: number) => number} */
    const ratio = (from, to) => server.peak(from, to, window) / server.mean(from, to)
    return [
      result('peak / mean, hour 1', ratio(100, hour), 4),
      result('peak / mean, hour 2', ratio(hour, 2 * hour), 4),
      result('load / steady', server.mean(100, 2 * hour) / (instances * steady), 1.2),
    ]
  },

  'deploy, headers of Spring Security': async (instances) => {
    const server = new AuthorizationServer()
    server.headers['cache-control'] = 'no-cache, no-store, max-age=0, must-revalidate'
    const services = deploy(instances, 1, server)
    await runUntil(2 * hour)
    stop(services)
    return [result('load / steady', server.mean(100, 2 * hour) / (instances * steady), 1.2)]
  },

  ...Object.fromEntries(
    Object.entries({
      429: () => ({ status: 429 }),
      '429, Retry-After 30': () => ({ status: 429, headers: { 'retry-after': '30' } }),
      503: () => ({ status: 503 }),
    }).flatMap(([name, overloaded]) => [
      [
        `deploy, capacity 1.5 x steady, ${name}`,
        (/** @type {number} */ instances) => deployInto(instances, 1.5, overloaded),
      ],
      [
        `deploy, capacity 5 x steady, ${name}`,
        (/** @type {number} */ instances) => deployInto(instances, 5, overloaded),
      ],
    ]),
  ),

  ...Object.fromEntries(
    Object.entries({
      'refused connections': /** @type {const} */ ('refuses connections'),
      503: () => ({ status: 503 }),
      '503, Retry-After 60': () => ({ status: 503, headers: { 'retry-after': '60' } }),
      'no response': /** @type {const} */ ('hangs'),
    }).map(([name, outage]) => [
      `an hour of ${name}`,
      (/** @type {number} */ instances) => outageOf(instances, outage),
    ]),
  ),

  'maintenance with the date of its end': async (instances) => {
    const end = 2 * hour + 4 * minute
    const retryAfter = new Date(wallClock() + (end - time()) * 1000).toUTCString()
    return asked(instances, 2 * hour, end, { status: 503, headers: { 'retry-after': retryAfter } })
  },

  'an hour of maintenance with the date of its end': async (instances) => {
    const end = 3 * hour
    const retryAfter = new Date(wallClock() + (end - time()) * 1000).toUTCString()
    return asked(instances, 2 * hour, end, { status: 503, headers: { 'retry-after': retryAfter } })
  },

  'an hour of 429 with Retry-After 300': (instances) =>
    asked(instances, 2 * hour, 3 * hour, { status: 429, headers: { 'retry-after': '300' } }),

  'all refresh at once, 429 with Retry-After 30': async (instances) => {
    const server = new AuthorizationServer()
    const services = deploy(instances, 270, server)
    await runUntil(hour)
    server.outage = () => ({ status: 429, headers: { 'retry-after': '30' } })
    for (const service of services) void service.refreshKeys().catch(() => {})
    await runUntil(hour + 1)
    server.outage = undefined
    await runUntil(hour + 10 * minute)
    stop(services)
    return [
      result('requests before it was over', server.between(hour + 1, hour + 29.9).length, 0),
      result('peak / instances', server.peak(hour + 1, hour + 600) / instances, peakOf(instances)),
    ]
  },

  'unknown kids, once each': (instances) => attack(instances, 1),
  'unknown kids, twice each': (instances) => attack(instances, 2),
  'unknown kids during an outage': (instances) => attack(instances, 2, { status: 503 }),
  'unknown kids and 429': (instances) => attack(instances, 1, { status: 429 }),

  'rotation while unknown kids arrive': async (instances) => {
    const server = new AuthorizationServer()
    const services = deploy(instances, 270, server)
    const start = 20 * minute
    for (const service of services)
      every(start - 5 * minute + Math.random(), start + minute, 1, () => {
        void service.check(forgedToken())
      })
    await runUntil(start)
    const next = createKey('second')
    server.keys = [next]
    const token = tokenOf(next)
    let slowest = 0
    let accepted = 0
    for (const service of services) {
      const first = start + Math.random()
      let isAccepted = false
      every(first, start + minute, 0.5, () => {
        if (isAccepted) return
        void service.check(token).then(({ ok }) => {
          if (!ok || isAccepted) return
          isAccepted = true
          accepted += 1
          slowest = Math.max(slowest, time() - first)
        })
      })
    }
    await runUntil(start + minute)
    stop(services)
    return [
      result('seconds until the new key is accepted', slowest, 10),
      result('instances without the new key', instances - accepted, 0),
    ]
  },
}

/** The issuer of a tenant. */
const tenant = (/** @type {number} */ nth) => `https://as.example.com/tenants/${nth}`

/** @type {(times: readonly number[]) => number} */
const mostInASecond = (times) =>
  Math.max(
    0,
    ...times.map((from) => times.filter((one) => one >= from && one < from + 0.999).length),
  )

/** A service that accepts all tenants, of which it keeps 100 unless told otherwise. @param {import('@resource-server/core').VerifierOptions} [options] */
function startTenants(options = {}) {
  const server = new AuthorizationServer()
  server.latency = 0.1
  const resolveIssuer = (/** @type {string} */ iss) => ({ issuer: iss })
  const service = startService(server, { resolveIssuer, ...options })
  return { server, service, key: /** @type {import('./server.mjs').Key} */ (server.keys[0]) }
}

/** The scenarios of a single process. Their results do not depend on the number of instances. @type {Record<string, () => Promise<Result[]>>} */
const singleProcess = {
  '300 tenants, 100 kept, 100 requests/s': async () => {
    const { server, service, key } = startTenants()
    const tokens = Array.from({ length: 300 }, (_, nth) => tokenOf(key, tenant(nth)))
    let lost = 0
    every(0, 5 * minute, 0.01, () => {
      const token = /** @type {string} */ (tokens[Math.floor(Math.random() * tokens.length)])
      void service.check(token).then(({ ok }) => (lost += ok ? 0 : 1))
    })
    await runUntil(6 * minute)
    stop([service])
    return [
      result('lost requests', lost, 0),
      result('new issuers in any second', mostInASecond(server.discoveries), 10),
      result('requests per tenant and minute', (server.mean(minute, 5 * minute) * 60) / 300, 1),
    ]
  },

  '100 forged tokens/s that name valid tenants': async () => {
    const { server, service, key } = startTenants()
    let lost = 0
    for (let nth = 0; nth < 100; nth += 1) {
      const token = tokenOf(key, tenant(nth))
      every(Math.random(), 3 * minute, 1, () => {
        void service.check(token).then(({ ok }) => (lost += ok ? 0 : 1))
      })
    }
    let nth = 0
    every(20, 3 * minute, 0.01, () => {
      nth += 1
      void service.check(forgedToken(tenant(1000 + (nth % 500))))
    })
    await runUntil(4 * minute)
    stop([service])
    return [
      result('lost requests of good tenants', lost, 0),
      // Two requests for each new issuer, and the refreshes of the good ones.
      result('requests/s', server.mean(20, 3 * minute), 21),
    ]
  },

  '50 tenants that are used once': async () => {
    const { server, service, key } = startTenants()
    for (let nth = 0; nth < 50; nth += 1) void service.check(tokenOf(key, tenant(nth)))
    await runUntil(2 * hour)
    stop([service])
    return [result('requests after two freshness periods', server.between(630, 2 * hour).length, 0)]
  },

  '10,000 tenants': async () => {
    const { service, key } = startTenants({ maxResolvedIssuers: 10_000 })
    const misses = 300
    for (let nth = 0; nth < 10_000; nth += 1)
      at(nth / 10, () => void service.check(tokenOf(key, tenant(nth))))
    await runUntil(1001)
    const tokens = Array.from({ length: misses }, (_, nth) => tokenOf(key, tenant(20_000 + nth)))
    /** @type {number[]} */
    const costs = []
    for (const token of tokens) {
      const before = performance.now()
      const checked = service.check(token)
      // Resolving the issuer and making room for it take some microtasks. The fetch comes later.
      for (let nth = 0; nth < 50; nth += 1) await Promise.resolve()
      costs.push(performance.now() - before)
      await runUntil(time() + 0.2)
      await checked
    }
    stop([service])
    const median = costs.toSorted((one, other) => one - other)[misses / 2] ?? NaN
    return [result('a miss, in ms, as the median', median, 1)]
  },

  'warm up 10,000 issuers': async () => {
    const server = new AuthorizationServer()
    const issuers = Array.from({ length: 10_000 }, (_, nth) => tenant(nth))
    const service = createVerifier({ issuers, audience, clock: clockOf(), fetch: server.fetch })
    let took = Infinity
    void service.warmUp().then(() => (took = time()))
    await runUntil(minute)
    stop([service])
    return [
      result('requests in flight', server.maxInFlight, 64),
      result('event loop blocked, in ms', blocked.longest, 200),
      result('seconds', took, minute),
    ]
  },
}

Object.assign(scenarios, singleProcess)

/** A key store that all processes share. */
function sharedStore() {
  /** @type {Map<string, string>} */
  const values = new Map()
  /** @type {<T>(value: T) => Promise<T>} */
  const later = (value) => new Promise((resolve) => void after(0.002, () => resolve(value)))
  const store = {
    get: (/** @type {string} */ name) => later(values.get(name)),
    set: (/** @type {string} */ name, /** @type {string} */ value) => {
      values.set(name, value)
      return later(undefined)
    },
  }
  return { store, secret: 'a secret of at least 32 characters' }
}

/** @type {Record<string, Scenario>} */
const shared = {
  'short-lived processes with a key store': async (instances) => {
    const server = new AuthorizationServer()
    const keyStore = sharedStore()
    const [start, rotation, end] = [minute, 8 * minute, 9 * minute]
    const next = createKey('second')
    const old = tokenOf(/** @type {import('./server.mjs').Key} */ (server.keys[0]))
    const rotated = tokenOf(next)
    // One process has stored the keys.
    void startService(server, { keyStore }).warmUp()
    let lost = 0
    every(start, end, minute / (25 * instances), () => {
      const service = startService(server, { keyStore })
      void service.check(time() < rotation ? old : rotated).then(({ ok }) => {
        lost += ok ? 0 : 1
        after(1, () => service.close())
      })
    })
    at(rotation - 1, () => (server.keys = [next, .../** @type {never[]} */ (server.keys)]))
    await runUntil(end + 1)
    const processes = (from = 0, to = 0) => ((to - from) / minute) * 25 * instances
    return [
      result(
        'requests per process',
        server.between(start, rotation).length / processes(start, rotation),
        0.01,
      ),
      result(
        'requests per process in the minute of a rotation',
        server.between(rotation, end).length / processes(rotation, end),
        0.02,
      ),
      result('lost requests', lost, 0),
    ]
  },

  'long-lived processes with a key store': async (instances) => {
    const server = new AuthorizationServer()
    const services = deploy(instances, minute, server, { keyStore: sharedStore() })
    await runUntil(2 * minute)
    const states = watchKeys(services, 2 * minute, hour)
    await runUntil(hour)
    const fresh = services.filter((service) => isFresh(service)).length
    stop(services)
    return [
      result('requests in an hour, of all instances', server.between(2 * minute, hour).length, 60),
      result('instances without keys', states.worst, 0),
      result('instances that are not fresh', instances - fresh, 0),
    ]
  },
}

Object.assign(scenarios, shared)

/** The bound for the busiest second, as a share of the fleet. A small fleet has a larger deviation. */
const peakOf = (/** @type {number} */ instances) =>
  instances >= 2_000 ? 1 / 20 : 1 / 20 + 3 / Math.sqrt(20 * instances)

/** @type {(instances: number, ratio: number, overloaded: () => import('./server.mjs').Refused) => Promise<Result[]>} */
const deployInto = (instances, ratio, overloaded) =>
  ratio < 2
    ? deployIntoScarce(instances, ratio, overloaded)
    : deployIntoTight(instances, ratio, overloaded)

/** @type {(instances: number, ratio: number, overloaded: () => import('./server.mjs').Refused) => Promise<Result[]>} */
async function deployIntoScarce(instances, ratio, overloaded) {
  const end = 2 * hour
  const { seconds, server, capacity } = await deployWithLimit(instances, ratio, overloaded, end)
  return [
    result('seconds until all have keys', seconds, 15 * minute),
    result('load / capacity after 30 min', server.mean(30 * minute, end) / capacity, 1.2),
  ]
}

/**
 * The bound is one for 10,000 instances. In a small fleet, the time of the last instance varies a lot from run to
 * run, so the result is the median of as many fleets as have 10,000 instances together.
 *
 * @type {(instances: number, ratio: number, overloaded: () => import('./server.mjs').Refused) => Promise<Result[]>}
 */
async function deployIntoTight(instances, ratio, overloaded) {
  const times = []
  for (let fleet = 0; fleet < Math.ceil(10_000 / instances); fleet += 1) {
    restart()
    times.push((await deployWithLimit(instances, ratio, overloaded, 20 * minute)).seconds)
  }
  times.sort((one, other) => one - other)
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN
  return [
    result('seconds until all have keys', median, 180),
    result('the same, slowest fleet', times.at(-1) ?? Number.NaN, 5 * minute),
  ]
}

/** @type {(instances: number, ratio: number, overloaded: () => import('./server.mjs').Refused, end: number) => Promise<{ seconds: number, server: AuthorizationServer, capacity: number }>} */
async function deployWithLimit(instances, ratio, overloaded, end) {
  const server = new AuthorizationServer()
  const capacity = instances * steady * ratio
  server.limit(capacity)
  server.overloaded = overloaded
  const services = deploy(instances, 1, server)
  const all = firstTime(services, hasKeys)
  await runUntil(end)
  stop(services)
  return { seconds: all.seconds, server, capacity }
}

/** @type {(instances: number, outage: AuthorizationServer['outage']) => Promise<Result[]>} */
async function outageOf(instances, outage) {
  const server = new AuthorizationServer()
  const services = deploy(instances, 270, server)
  const [start, end] = [2 * hour, 3 * hour]
  const keys = watchKeys(services, start, end)
  await runUntil(start)
  server.outage = outage
  await runUntil(end)
  server.outage = undefined
  const fresh = firstTime(services, isFresh)
  await runUntil(end + 10 * minute)
  stop(services)
  const normal = instances * steady
  return [
    result('load / steady', server.mean(start, end) / normal, 5),
    result('busiest 5 min / steady', server.peak(start, end, 300) / normal, 5),
    result('instances without keys', keys.worst, 0),
    result('seconds until all are fresh', fresh.seconds, 5 * minute),
    result(
      'peak / instances after the end',
      server.peak(end, end + 300) / instances,
      peakOf(instances),
    ),
  ]
}

/**
 * The server is down and asks for a delay.
 *
 * @type {(instances: number, start: number, end: number, refused: import('./server.mjs').Refused) => Promise<Result[]>}
 */
async function asked(instances, start, end, refused) {
  const server = new AuthorizationServer()
  let early = 0
  const services = Array.from({ length: instances }, () => {
    let until = 0
    /** @type {import('./server.mjs').Fetch} */
    const fetch = async (url, init) => {
      if (time() < until - 0.001) early += 1
      const response = await server.fetch(url, init)
      if (response.status === 200) return response
      const value = response.headers.get('retry-after') ?? ''
      const date = Date.parse(response.headers.get('date') ?? '')
      // The date has whole seconds.
      until = time() + (/^\d+$/.test(value) ? Number(value) : (Date.parse(value) - date) / 1000)
      return response
    }
    return startService(server, { fetch })
  })
  for (const service of services)
    at(Math.random() * 270, () => void service.warmUp().catch(() => {}))
  await runUntil(start)
  server.outage = () => refused
  await runUntil(end)
  server.outage = undefined
  await runUntil(end + 10 * minute)
  const notFresh = services.filter((service) => !isFresh(service)).length
  stop(services)
  return [
    result('requests earlier than asked', early, 0),
    result('peak / instances', server.peak(start, end + 600) / instances, peakOf(instances)),
    result('load / steady', server.mean(start, end) / (instances * steady), 5),
    result('not fresh 10 min later', notFresh, 0),
  ]
}

/** @type {(instances: number, repeats: number, overloaded?: import('./server.mjs').Refused) => Promise<Result[]>} */
async function attack(instances, repeats, overloaded) {
  const server = new AuthorizationServer()
  const services = deploy(instances, 270, server)
  const [start, end] = [10 * minute, 20 * minute]
  for (const service of services) {
    let token = ''
    let sent = 0
    every(start + Math.random(), end, 1, () => {
      if (sent % repeats === 0) token = forgedToken()
      sent += 1
      void service.check(token)
    })
  }
  await runUntil(start)
  if (overloaded) server.outage = () => overloaded
  await runUntil(end)
  const keys = services.filter((service) => !hasKeys(service)).length
  stop(services)
  // Divided once, so that rounding cannot exceed the bound.
  const minutes = (end - start) / minute - 1
  const sustained = server.between(start + minute, end).length / (instances * minutes)
  return [
    result('requests per instance per minute', sustained, 2),
    result('instances without keys', keys, 0),
  ]
}
