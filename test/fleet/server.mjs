// The model of an authorization server: latency, outages, a rate limit, and a count of what it is asked.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { after, time, wallClock } from './simulation.mjs'

export const issuer = 'https://as.example.com'
export const audience = 'order-service'

/** @typedef {{ kid: string, jwk: object, privateKey: import('node:crypto').KeyObject }} Key */
/** @typedef {{ status: number, headers?: Record<string, string> }} Refused what an overloaded server responds */
/** @typedef {import('@resource-server/core').Fetch} Fetch */

/** @type {(kid: string) => Key} */
export function createKey(kid) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
  return { kid, jwk, privateKey }
}

/** @type {(value: object) => string} */
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** @type {(iss: string, kid: string) => string} */
function unsigned(iss, kid) {
  const iat = Math.floor(wallClock() / 1000)
  const claims = { iss, aud: audience, sub: 'user', client_id: 'client', iat, exp: iat + 86_400 }
  return `${encode({ typ: 'at+jwt', alg: 'ES256', kid })}.${encode(claims)}`
}

/** A valid token. @type {(key: Key, iss?: string) => string} */
export function tokenOf({ kid, privateKey }, iss = issuer) {
  const content = unsigned(iss, kid)
  const signature = sign('sha256', Buffer.from(content), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${content}.${signature.toString('base64url')}`
}

/** A token of an attacker, who has no key. @type {(iss?: string, kid?: string) => string} */
export const forgedToken = (iss = issuer, kid = randomBytes(6).toString('hex')) =>
  `${unsigned(iss, kid)}.${'A'.repeat(86)}`

export class AuthorizationServer {
  /** @type {Key[]} */
  keys = [createKey('first')]
  latency = 0.02
  /** Headers of the key set. @type {Record<string, string>} */
  headers = {}
  /** Requests per second, as a token bucket with one second of burst. */
  capacity = Infinity
  /** What it responds above its capacity. @type {() => Refused} */
  overloaded = () => ({ status: 429 })
  /** The outage, if there is one. @type {(() => Refused) | 'refuses connections' | 'hangs' | undefined} */
  outage
  /** The time of every request, in seconds. @type {number[]} */
  requests = []
  /** The time of every request for metadata, in seconds. @type {number[]} */
  discoveries = []
  #allowance = Infinity
  #allowanceAt = 0

  #inFlight = 0
  /** The highest number of requests at the same time. */
  maxInFlight = 0

  /** @type {Fetch} */
  fetch = (url, { signal }) => {
    this.requests.push(time())
    if (url.includes('/.well-known/')) this.discoveries.push(time())
    if (this.outage === 'hangs') {
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    }
    if (this.outage === 'refuses connections') {
      return new Promise((_, reject) => {
        after(0.001, () => reject(new Error('connect ECONNREFUSED')))
      })
    }
    const refused = this.outage?.() ?? (this.#isAllowed() ? undefined : this.overloaded())
    if (refused) return this.#respond(refused.status, refused.headers)
    if (url.includes('/.well-known/oauth-authorization-server')) return this.#respond(404)
    if (url.endsWith('/jwks')) {
      return this.#respond(200, this.headers, { keys: this.keys.map(({ jwk }) => jwk) })
    }
    const iss = url.replace(/\/\.well-known.*/, '')
    return this.#respond(200, {}, { issuer: iss, jwks_uri: `${iss}/jwks` })
  }

  /** Limits the requests per second from now on. @type {(capacity: number) => void} */
  limit(capacity) {
    this.capacity = capacity
    this.#allowance = capacity
    this.#allowanceAt = time()
  }

  /** The requests in a period. @type {(from: number, to: number) => number[]} */
  between = (from, to) => this.requests.filter((at) => at >= from && at < to)

  /** The mean per second. @type {(from: number, to: number) => number} */
  mean = (from, to) => this.between(from, to).length / (to - from)

  /** The highest mean per second in any window. @type {(from: number, to: number, window?: number) => number} */
  peak(from, to, window = 1) {
    const windows = new Map()
    for (const at of this.between(from, to)) {
      const nth = Math.floor((at - from) / window)
      windows.set(nth, (windows.get(nth) ?? 0) + 1)
    }
    return Math.max(0, ...windows.values()) / window
  }

  #isAllowed() {
    const grown = (time() - this.#allowanceAt) * this.capacity
    this.#allowance = Math.min(this.capacity, this.#allowance + (Number.isNaN(grown) ? 0 : grown))
    this.#allowanceAt = time()
    if (this.#allowance < 1) return false
    this.#allowance -= 1
    return true
  }

  /** @type {(status: number, headers?: Record<string, string>, body?: object) => ReturnType<Fetch>} */
  #respond(status, headers = {}, body) {
    const all = { date: new Date(wallClock()).toUTCString(), ...headers }
    const response = new Response(body ? JSON.stringify(body) : null, { status, headers: all })
    this.#inFlight += 1
    this.maxInFlight = Math.max(this.maxInFlight, this.#inFlight)
    return new Promise((resolve) => {
      after(this.latency, () => {
        this.#inFlight -= 1
        resolve(response)
      })
    })
  }
}
