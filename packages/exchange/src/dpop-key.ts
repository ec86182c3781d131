import { DPoP, type DPoPHandle, generateKeyPair, modifyAssertion } from 'oauth4webapi'
import type { Settings } from './settings.ts'

/** The key of this service that new tokens are bound to (RFC 9449). It is created on first use. */
export class DpopKey {
  readonly #settings: Pick<Settings, 'clock' | 'dpop'>
  #handle: Promise<DPoPHandle> | undefined

  constructor(settings: Pick<Settings, 'clock' | 'dpop'>) {
    this.#settings = settings
  }

  /** Makes proofs, and remembers the nonces of each server. `undefined` for bearer tokens. */
  handle(): Promise<DPoPHandle> | undefined {
    if (this.#settings.dpop === false) return undefined
    return (this.#handle ??= this.#create())
  }

  /** `undefined` for bearer tokens. */
  async thumbprint(): Promise<string | undefined> {
    return (await this.handle())?.calculateThumbprint()
  }

  async #create(): Promise<DPoPHandle> {
    const { dpop, clock } = this.#settings
    const pair = typeof dpop === 'object' ? dpop : await generateKeyPair('ES256')
    const setTime = (_header: unknown, payload: Record<string, unknown>): void => {
      payload['iat'] = Math.floor(clock.now() / 1000)
    }
    return DPoP({}, pair, { [modifyAssertion]: setTime })
  }
}
