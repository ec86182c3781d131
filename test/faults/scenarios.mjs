// Each scenario causes one fault and counts the failed and slow requests of a running service.
import { createSigningKey } from '@resource-server/testing'
import { gzipSync } from 'node:zlib'
import { open } from './client.mjs'

/** @typedef {Awaited<ReturnType<typeof import('./test-setup.mjs').startTestSetup>>} TestSetup */
/** @typedef {import('./client.mjs').Response} Response */
/** @typedef {{ cpu: number, delay: number }} Load CPU time of the service per request in microseconds, and the p99 of the event-loop delay in milliseconds */
/** @typedef {{ responses: Response[], fetches: number, load?: Load, notes?: string, errors?: string[] }} Outcome */

const herd = 10_000
const refreshDue = 290
const aud = 'order-service'

/** @type {(setup: TestSetup, name?: string) => string} */
const tokenOf = (setup, name = 'user-42') => setup.issuer.token({ aud, sub: name, expiresIn: 7200 })

/** @type {(connections: import('./client.mjs').Connection[], token: string) => Promise<Response[]>} */
const all = (connections, token) => Promise.all(connections.map((ask) => ask(token)))

/** @type {(claim: boolean, what: string) => string[]} */
const unless = (claim, what) => (claim ? [] : [what])

/** Starts a measurement. Returns a function that returns the number of fetches since. @type {(setup: TestSetup) => Promise<() => number>} */
async function startMeasurement(setup) {
  await setup.call('measure')
  const before = setup.fetches()
  return () => setup.fetches() - before
}

/** Opens connections to a service that has already responded once. @type {(setup: TestSetup, count: number) => ReturnType<typeof open>} */
async function openWarm(setup, count) {
  const opened = await open(setup.port, count)
  await opened.connections[0]?.(tokenOf(setup))
  return opened
}

/** @type {(setup: TestSetup, key: import('@resource-server/testing').SigningKey) => string} */
const signedBy = (setup, key) => {
  const now = Math.floor(setup.issuer.clock.now() / 1000)
  const payload = { iss: setup.issuer.url, sub: 'user-42', aud, iat: now, exp: now + 7200 }
  return setup.issuer.sign({ header: { typ: 'at+jwt', alg: 'ES256', kid: key.kid }, payload, key })
}

/** @type {Record<string, (setup: TestSetup) => Promise<Outcome>>} */
export const scenarios = {
  'herd at cold start': async (setup) => {
    const { connections, close } = await open(setup.port, herd)
    const fetches = await startMeasurement(setup)
    const responses = await all(connections, tokenOf(setup))
    close()
    return { responses, fetches: fetches(), errors: unless(fetches() === 1, 'more than one fetch') }
  },

  'herd at expiry': async (setup) => {
    const { connections, close } = await openWarm(setup, herd)
    const token = tokenOf(setup)
    const fetches = await startMeasurement(setup)
    /** @type {(() => void)[]} */
    const delayedResponses = []
    setup.respondWith((response) => void delayedResponses.push(() => setup.sendKeySet(response)))
    await setup.advance(refreshDue)
    await setup.advance(15)
    const responses = await all(connections, token)
    // All requests have a response and the fetch does not, so no request can have waited for it.
    const waited = setup.waiting() === 1 ? 0 : herd
    for (const release of delayedResponses) release()
    await setup.waitForFetches(2)
    close()
    const errors = [
      ...unless(fetches() === 1, 'more than one fetch'),
      ...unless(waited === 0, 'a request waited for the fetch'),
    ]
    return { responses, fetches: fetches(), notes: `${waited} waited`, errors }
  },

  'an hour of outage': async (setup) => {
    const { connections, close } = await openWarm(setup, 20)
    const token = tokenOf(setup)
    const fetches = await startMeasurement(setup)
    setup.respondWith((response) => void response.writeHead(500).end())
    /** @type {Response[]} */
    const responses = []
    // The keys are fresh for 5 minutes, and stale keys are used for one more hour.
    for (let past = 0; past < 64; past += 1) {
      await setup.advance(60)
      responses.push(...(await all(connections, token)))
    }
    const failures = (await setup.call('health')).failures
    await setup.advance(120)
    const [after] = await all(connections.slice(0, 1), token)
    close()
    const errors = unless(
      after?.status === 503,
      `status ${after?.status} instead of 503 after the outage limit`,
    )
    const notes = `${failures} retries; 503 after 1 h 5 min`
    return { responses, fetches: fetches(), notes, errors }
  },

  'rotation with overlap': async (setup) => {
    const { connections, close } = await openWarm(setup, 20)
    const next = createSigningKey('ES256', 'next')
    setup.publish(setup.issuer.key.publicJwk, next.publicJwk)
    const fetches = await startMeasurement(setup)
    const responses = []
    for (let round = 0; round < 50; round += 1) {
      if (round === 10) {
        await setup.advance(refreshDue)
        await setup.waitForFetches(2)
      }
      responses.push(
        ...(await all(connections, round < 10 ? tokenOf(setup) : signedBy(setup, next))),
      )
    }
    close()
    return { responses, fetches: fetches() }
  },

  'rotation without overlap': async (setup) => {
    const { connections, close } = await openWarm(setup, 20)
    const next = createSigningKey('ES256', 'next')
    const fetches = await startMeasurement(setup)
    const responses = []
    for (let round = 0; round < 50; round += 1) {
      if (round === 10) setup.publish(next.publicJwk)
      responses.push(
        ...(await all(connections, round < 10 ? tokenOf(setup) : signedBy(setup, next))),
      )
    }
    close()
    return { responses, fetches: fetches() }
  },

  'quiet minute': (setup) => minute(setup, 0),
  'minute of flood': async (setup) => {
    const outcome = await minute(setup, 10)
    return { ...outcome, errors: unless(outcome.fetches <= 5, 'more than 5 fetches') }
  },
  'minute of ordinary load': (setup) => minute(setup, 10, true),

  'slow server, 3 s': async (setup) => {
    const { connections, close } = await openWarm(setup, 20)
    const token = tokenOf(setup)
    const fetches = await startMeasurement(setup)
    setup.respondWith((response) => void setTimeout(() => setup.sendKeySet(response), 3000).unref())
    await setup.advance(refreshDue)
    const responses = await sendDuringRefresh(setup, connections, token)
    close()
    return { responses, fetches: fetches() }
  },

  'hanging server': async (setup) => {
    const { connections, close } = await openWarm(setup, 20)
    const token = tokenOf(setup)
    const fetches = await startMeasurement(setup)
    setup.respondWith(() => {})
    await setup.advance(refreshDue)
    const responses = await sendDuringRefresh(setup, connections, token)
    close()
    return { responses, fetches: fetches() }
  },

  'key set of 200 MiB': (setup) => oversizedKeySet(setup, {}, largeJson),
  'gzip bomb of 1 GiB': (setup) => oversizedKeySet(setup, { 'content-encoding': 'gzip' }, gzipBomb),
}

/** Sends requests until the current refresh has ended. */
async function sendDuringRefresh(
  /** @type {TestSetup} */ setup,
  /** @type {import('./client.mjs').Connection[]} */ connections,
  /** @type {string} */ token,
) {
  /** @type {Response[]} */
  const responses = []
  const refresh = { ended: false }
  const ending = setup.waitForFetches(2).then(() => (refresh.ended = true))
  while (!refresh.ended) {
    responses.push(...(await all(connections, token)))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await ending
  return responses
}

/** With 64 connections, 6,400 requests of each kind. */
const settlingRounds = 100

/**
 * Simulates a minute in six seconds, after V8 has settled. Every 10 ms it sends two requests that are measured, and `others` that
 * are not: with unknown kids, or ordinary ones for comparison.
 *
 * @param {TestSetup} setup
 * @param {number} others
 */
async function minute(setup, others, ordinary = false) {
  const { connections, close } = await openWarm(setup, 64)
  const measured = connections.slice(0, 16)
  const unmeasured = connections.slice(16)
  const tokens = Array.from({ length: 100 }, (_, at) => tokenOf(setup, `user-${at}`))
  const [, payload, signature] = (tokens[0] ?? '').split('.')
  const header = (/** @type {string} */ kid) =>
    Buffer.from(JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid })).toString('base64url')
  // Both kinds of requests run in compiled code before the measurement starts.
  for (let round = 0; round < settlingRounds; round += 1) {
    await Promise.all(connections.map((ask, at) => ask(tokens[at] ?? '')))
    const unknown = (/** @type {number} */ at) =>
      `${header(`settling-${round}-${at}`)}.${payload}.${signature}`
    await Promise.all(connections.map((ask, at) => ask(unknown(at))))
  }
  const fetches = await startMeasurement(setup)
  /** @type {Response[]} */
  const responses = []
  /** @type {Promise<unknown>[]} */
  const pending = []
  let sent = 0
  for (let tick = 0; tick < 600; tick += 1) {
    const next = new Promise((resolve) => setTimeout(resolve, 10))
    for (let at = 0; at < 2; at += 1) {
      const ask = measured[(2 * tick + at) % measured.length]
      const token = tokens[(2 * tick + at) % tokens.length]
      if (ask && token) pending.push(ask(token).then((response) => responses.push(response)))
    }
    for (let at = 0; at < others; at += 1) {
      sent += 1
      const ask = unmeasured[sent % unmeasured.length]
      const unknownKid = `${header(`unknown-${sent}`)}.${payload}.${signature}`
      if (ask) pending.push(ask(ordinary ? (tokens[sent % tokens.length] ?? '') : unknownKid))
    }
    if (tick % 10 === 9) await setup.advance(1)
    await next
    if (tick % 10 === 9) await Promise.all(pending.splice(0))
  }
  const { cpu, delay } = await setup.call('load')
  const load = { cpu: (cpu * 1000) / (responses.length + sent), delay }
  close()
  return { responses, fetches: fetches(), load, notes: `${sent} others` }
}

async function oversizedKeySet(
  /** @type {TestSetup} */ setup,
  /** @type {Record<string, string>} */ headers,
  /** @type {() => Generator<Uint8Array>} */ body,
) {
  const { connections, close } = await openWarm(setup, 20)
  const token = tokenOf(setup)
  await all(connections, token)
  const fetches = await startMeasurement(setup)
  setup.respondWith((response) => {
    response.writeHead(200, headers)
    const chunks = body()
    const more = () => {
      for (const chunk of chunks) if (!response.write(chunk)) return
      response.end()
    }
    response.on('drain', more)
    more()
  })
  await setup.advance(refreshDue)
  const responses = await sendDuringRefresh(setup, connections, token)
  const { failures } = await setup.call('health')
  const grown = await setup.call('growth')
  close()
  const errors = [
    ...unless(failures === 1, 'the key set was accepted'),
    ...unless(grown < 5 * 2 ** 20, 'memory grew by more than 5 MiB'),
  ]
  return { responses, fetches: fetches(), errors }
}

function* largeJson() {
  const chunk = Buffer.alloc(65_536, 'x')
  yield Buffer.from('{"keys":[],"fill":"')
  for (let at = 0; at < 3200; at += 1) yield chunk
}

/** A gzip file may consist of several members. These are sixteen, of 64 MiB each. */
function* gzipBomb() {
  const member = gzipSync(Buffer.alloc(2 ** 26, 0x20))
  for (let at = 0; at < 16; at += 1) yield member
}
