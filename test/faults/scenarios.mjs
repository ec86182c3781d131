// Each scenario puts one fault to a running service and counts what its users notice.
import { createSigningKey } from '@resource-server/testing'
import { gzipSync } from 'node:zlib'
import { open } from './client.mjs'

/** @typedef {Awaited<ReturnType<typeof import('./test-setup.mjs').createWorld>>} World */
/** @typedef {import('./client.mjs').Answer} Answer */
/** @typedef {{ answers: Answer[], fetches: number, notes?: string, wrong?: string[] }} Outcome */

const herd = 10_000
const refreshDue = 290
const aud = 'order-service'

/** @type {(world: World, name?: string) => string} */
const tokenOf = (world, name = 'user-42') => world.issuer.token({ aud, sub: name, expiresIn: 7200 })

/** @type {(connections: import('./client.mjs').Connection[], token: string) => Promise<Answer[]>} */
const all = (connections, token) => Promise.all(connections.map((ask) => ask(token)))

/** @type {(claim: boolean, what: string) => string[]} */
const unless = (claim, what) => (claim ? [] : [what])

/** What is counted from here on. @type {(world: World) => Promise<() => number>} */
async function counting(world) {
  await world.call('measure')
  const before = world.fetches()
  return () => world.fetches() - before
}

/** A service that has served before. @type {(world: World, count: number) => ReturnType<typeof open>} */
async function warmed(world, count) {
  const opened = await open(world.port, count)
  await opened.connections[0]?.(tokenOf(world))
  return opened
}

/** @type {(world: World, key: import('@resource-server/testing').SigningKey) => string} */
const signedBy = (world, key) => {
  const now = Math.floor(world.issuer.clock.now() / 1000)
  const payload = { iss: world.issuer.url, sub: 'user-42', aud, iat: now, exp: now + 7200 }
  return world.issuer.sign({ header: { typ: 'at+jwt', alg: 'ES256', kid: key.kid }, payload, key })
}

/** @type {Record<string, (world: World) => Promise<Outcome>>} */
export const scenarios = {
  'herd at cold start': async (world) => {
    const { connections, close } = await open(world.port, herd)
    const fetches = await counting(world)
    const answers = await all(connections, tokenOf(world))
    close()
    return { answers, fetches: fetches(), wrong: unless(fetches() === 1, 'more than one fetch') }
  },

  'herd at expiry': async (world) => {
    const { connections, close } = await warmed(world, herd)
    const token = tokenOf(world)
    const fetches = await counting(world)
    /** @type {(() => void)[]} */
    const held = []
    world.answerWith((response) => void held.push(() => world.usual(response)))
    await world.advance(refreshDue)
    await world.advance(15)
    const answers = await all(connections, token)
    // All were answered, and the fetch has no answer yet: none of them can have waited for it.
    const waited = world.waiting() === 1 ? 0 : herd
    for (const release of held) release()
    await world.attempts(2)
    close()
    const wrong = [
      ...unless(fetches() === 1, 'more than one fetch'),
      ...unless(waited === 0, 'somebody waited'),
    ]
    return { answers, fetches: fetches(), notes: `${waited} waited`, wrong }
  },

  'an hour of outage': async (world) => {
    const { connections, close } = await warmed(world, 20)
    const token = tokenOf(world)
    const fetches = await counting(world)
    world.answerWith((response) => void response.writeHead(500).end())
    /** @type {Answer[]} */
    const answers = []
    // Freshness ends after 5 minutes, stale use an hour later.
    for (let past = 0; past < 64; past += 1) {
      await world.advance(60)
      answers.push(...(await all(connections, token)))
    }
    const failures = (await world.call('health')).failures
    await world.advance(120)
    const [after] = await all(connections.slice(0, 1), token)
    close()
    const wrong = unless(after?.status === 503, `then ${after?.status} and not 503`)
    const notes = `${failures} retries; 503 after 1 h 5 min`
    return { answers, fetches: fetches(), notes, wrong }
  },

  'rotation with overlap': async (world) => {
    const { connections, close } = await warmed(world, 20)
    const next = createSigningKey('ES256', 'next')
    world.publish(world.issuer.key.publicJwk, next.publicJwk)
    const fetches = await counting(world)
    const answers = []
    for (let round = 0; round < 50; round += 1) {
      if (round === 10) {
        await world.advance(refreshDue)
        await world.attempts(2)
      }
      answers.push(...(await all(connections, round < 10 ? tokenOf(world) : signedBy(world, next))))
    }
    close()
    return { answers, fetches: fetches() }
  },

  'rotation without overlap': async (world) => {
    const { connections, close } = await warmed(world, 20)
    const next = createSigningKey('ES256', 'next')
    const fetches = await counting(world)
    const answers = []
    for (let round = 0; round < 50; round += 1) {
      if (round === 10) world.publish(next.publicJwk)
      answers.push(...(await all(connections, round < 10 ? tokenOf(world) : signedBy(world, next))))
    }
    close()
    return { answers, fetches: fetches() }
  },

  'quiet minute': (world) => minute(world, 0),
  'minute of flood': async (world) => {
    const outcome = await minute(world, 10)
    return { ...outcome, wrong: unless(outcome.fetches <= 12, 'more than 12 fetches') }
  },
  'as many ordinary ones': (world) => minute(world, 10, true),

  'slow server, 3 s': async (world) => {
    const { connections, close } = await warmed(world, 20)
    const token = tokenOf(world)
    const fetches = await counting(world)
    world.answerWith((response) => void setTimeout(() => world.usual(response), 3000).unref())
    await world.advance(refreshDue)
    const answers = await during(world, connections, token)
    close()
    return { answers, fetches: fetches() }
  },

  'hanging server': async (world) => {
    const { connections, close } = await warmed(world, 20)
    const token = tokenOf(world)
    const fetches = await counting(world)
    world.answerWith(() => {})
    await world.advance(refreshDue)
    const answers = await during(world, connections, token)
    close()
    return { answers, fetches: fetches() }
  },

  'key set of 200 MiB': (world) => huge(world, {}, endless),
  'gzip bomb of 1 GiB': (world) => huge(world, { 'content-encoding': 'gzip' }, bomb),
}

/** Traffic until the refresh that is under way has ended. */
async function during(
  /** @type {World} */ world,
  /** @type {import('./client.mjs').Connection[]} */ connections,
  /** @type {string} */ token,
) {
  /** @type {Answer[]} */
  const answers = []
  const refresh = { ended: false }
  const ending = world.attempts(2).then(() => (refresh.ended = true))
  while (!refresh.ended) {
    answers.push(...(await all(connections, token)))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await ending
  return answers
}

/**
 * A fake minute in six real seconds. Each 10 ms two requests that are measured, and so many others: with
 * invented names, or ordinary ones to compare with.
 *
 * @param {World} world
 * @param {number} others
 */
async function minute(world, others, ordinary = false) {
  const { connections, close } = await warmed(world, 64)
  const ours = connections.slice(0, 16)
  const theirs = connections.slice(16)
  const tokens = Array.from({ length: 100 }, (_, at) => tokenOf(world, `user-${at}`))
  const [, payload, signature] = (tokens[0] ?? '').split('.')
  const header = (/** @type {string} */ kid) =>
    Buffer.from(JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid })).toString('base64url')
  const fetches = await counting(world)
  /** @type {Answer[]} */
  const answers = []
  /** @type {Promise<unknown>[]} */
  const pending = []
  let names = 0
  for (let tick = 0; tick < 600; tick += 1) {
    const next = new Promise((resolve) => setTimeout(resolve, 10))
    for (let at = 0; at < 2; at += 1) {
      const ask = ours[(2 * tick + at) % ours.length]
      const token = tokens[(2 * tick + at) % tokens.length]
      if (ask && token) pending.push(ask(token).then((answer) => answers.push(answer)))
    }
    for (let at = 0; at < others; at += 1) {
      names += 1
      const ask = theirs[names % theirs.length]
      const invented = `${header(`invented-${names}`)}.${payload}.${signature}`
      if (ask) pending.push(ask(ordinary ? (tokens[names % tokens.length] ?? '') : invented))
    }
    if (tick % 10 === 9) await world.advance(1)
    await next
    if (tick % 10 === 9) await Promise.all(pending.splice(0))
  }
  close()
  return { answers, fetches: fetches(), notes: `${names} others` }
}

async function huge(
  /** @type {World} */ world,
  /** @type {Record<string, string>} */ headers,
  /** @type {() => Generator<Uint8Array>} */ body,
) {
  const { connections, close } = await warmed(world, 20)
  const token = tokenOf(world)
  await all(connections, token)
  const fetches = await counting(world)
  world.answerWith((response) => {
    response.writeHead(200, headers)
    const chunks = body()
    const more = () => {
      for (const chunk of chunks) if (!response.write(chunk)) return
      response.end()
    }
    response.on('drain', more)
    more()
  })
  await world.advance(refreshDue)
  const answers = await during(world, connections, token)
  const { failures } = await world.call('health')
  const grown = await world.call('growth')
  close()
  const wrong = [
    ...unless(failures === 1, 'it was taken'),
    ...unless(grown < 5 * 2 ** 20, 'it took more than 5 MiB'),
  ]
  return { answers, fetches: fetches(), wrong }
}

function* endless() {
  const chunk = Buffer.alloc(65_536, 'x')
  yield Buffer.from('{"keys":[],"fill":"')
  for (let at = 0; at < 3200; at += 1) yield chunk
}

/** Sixteen members of 64 MiB each: a gzip file may have several, one after the other. */
function* bomb() {
  const member = gzipSync(Buffer.alloc(2 ** 26, 0x20))
  for (let at = 0; at < 16; at += 1) yield member
}
