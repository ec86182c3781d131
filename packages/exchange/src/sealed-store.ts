import { nameAndCodeOf, within } from '@resource-server/core/client'
import type { CryptoKey } from 'oauth4webapi'
import type { HopStoreOptions } from './options.ts'
import type { Settings } from './settings.ts'

/** A store that does not respond must not delay a call for longer. Milliseconds. */
const timeout = 1_000
const maxLength = 65_536
const version = '1'

/** What the store holds about one token. */
export interface StoredToken {
  readonly value: string
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly expires: number | undefined
  /** When the entry ends, in milliseconds since 1970. */
  readonly until: number
}

/**
 * Encrypts tokens for a store that several instances share (AES-GCM with a 256-bit key, RFC 7518 section 5.3). The
 * associated data is the cache key, so whoever can write to the store cannot give one user's token to another. A
 * store that fails counts as empty.
 */
export class SealedTokens {
  readonly #options: HopStoreOptions
  readonly #settings: Pick<Settings, 'clock' | 'warn'>
  #key: Promise<CryptoKey> | undefined

  constructor(options: HopStoreOptions, settings: Pick<Settings, 'clock' | 'warn'>) {
    this.#options = options
    this.#settings = settings
  }

  async load(id: string): Promise<StoredToken | undefined> {
    const text = await this.#try(() => this.#options.store.get(nameOf(id)))
    if (typeof text !== 'string' || text.length > maxLength) return undefined
    const stored = await this.#open(id, text)
    return stored && stored.until > this.#settings.clock.now() ? stored : undefined
  }

  async save(id: string, token: StoredToken): Promise<void> {
    const lifetime = Math.floor(token.until - this.#settings.clock.now())
    if (lifetime <= 0) return
    const text = await this.#seal(id, token)
    await this.#try(() => this.#options.store.set(nameOf(id), text, lifetime))
  }

  async delete(id: string): Promise<void> {
    await this.#try(() => this.#options.store.delete(nameOf(id)))
  }

  async #seal(id: string, token: StoredToken): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const content = new TextEncoder().encode(JSON.stringify(token))
    const sealed = await crypto.subtle.encrypt(parameters(id, iv), await this.#secretKey(), content)
    return [version, encode(iv), encode(new Uint8Array(sealed))].join('.')
  }

  /** `undefined` if the entry was not sealed with this secret for this key. */
  async #open(id: string, text: string): Promise<StoredToken | undefined> {
    const [found, iv = '', sealed = ''] = text.split('.')
    if (found !== version) return undefined
    try {
      const key = await this.#secretKey()
      const content = await crypto.subtle.decrypt(parameters(id, decode(iv)), key, decode(sealed))
      return JSON.parse(new TextDecoder().decode(content)) as StoredToken
    } catch {
      return undefined
    }
  }

  /** HKDF, so that the same secret used elsewhere gives another key. */
  #secretKey(): Promise<CryptoKey> {
    return (this.#key ??= deriveKey(this.#options.secret))
  }

  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await within(timeout, work(), storeIsLate)
    } catch (error) {
      // The store is a cache: without it, tokens are exchanged again.
      // Not its message, which may contain a password.
      this.#settings.warn(`The store of exchanged tokens failed: ${nameAndCodeOf(error)}`)
      return undefined
    }
  }
}

function storeIsLate(): Error {
  return Object.assign(new Error(`no answer within ${timeout} ms`), { code: 'TIMEOUT' })
}

const nameOf = (id: string): string => `resource-server:exchange:${id}`

interface Parameters {
  readonly name: 'AES-GCM'
  readonly iv: Uint8Array<ArrayBuffer>
  readonly additionalData: Uint8Array<ArrayBuffer>
  readonly tagLength: 128
}

function parameters(id: string, iv: Uint8Array<ArrayBuffer>): Parameters {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(id), tagLength: 128 }
}

async function deriveKey(secret: string | Uint8Array): Promise<CryptoKey> {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret.slice()
  const material = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode('resource-server exchanged tokens 1')
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

function encode(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCodePoint(byte)
  return btoa(text)
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.codePointAt(0)!)
}
