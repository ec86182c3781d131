import { createTestClock, type TestClock } from '@resource-server/testing'
import { type Authority, createAuthority } from './authority.ts'
import { type Json, type Key, keys, signWith } from './keys.ts'

export const audience = 'https://api.example'

/** One token. Text and bytes are taken as they are, so that anything can be signed. */
export interface Draft {
  readonly header?: Json | string | Uint8Array
  /** Replaces the whole header, `alg` and `kid` included. */
  readonly bareHeader?: Json
  /** Over the claims of an ordinary token; `undefined` leaves one out. */
  readonly claims?: Json
  /** Instead of claims. */
  readonly payload?: string | Uint8Array
  readonly key?: Key
  /** The algorithm that signs, where the header tells another. */
  readonly signAs?: string
}

/** Where the tokens of one case come from: an authority, a clock and a pen. */
export interface Bench extends AsyncDisposable {
  readonly authority: Authority
  readonly clock: TestClock
  /** Seconds. */
  readonly now: number
  claims(over?: Json): Json
  token(draft?: Draft): string
  /** A second authority, closed with the bench. */
  another(path?: string): Promise<Authority>
}

export const encode = (part: Json | string | Uint8Array): string =>
  Buffer.from(
    typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part),
  ).toString('base64url')

export async function createBench(): Promise<Bench> {
  const clock = createTestClock()
  const authority = await createAuthority()
  const others: Authority[] = []
  authority.publish([keys.es256(), keys.rs256(), keys.eddsa(), keys.ps256(), keys.es384()])
  const now = (): number => Math.floor(clock.now() / 1000)
  const claims = (over: Json = {}): Json => ({
    ...{ iss: authority.url, sub: 'user-42', aud: audience, client_id: 'client-1' },
    ...{ exp: now() + 300, iat: now(), jti: 'jti-1', scope: 'read write' },
    ...over,
  })
  const close = async (): Promise<void> => {
    for (const one of [authority, ...others]) await one.close()
  }
  return {
    ...{ authority, clock, claims },
    get now() {
      return now()
    },
    token: (draft) => tokenOf(draft ?? {}, claims),
    another: async (path) => {
      const other = await createAuthority(path)
      others.push(other)
      return other
    },
    [Symbol.asyncDispose]: close,
  }
}

function tokenOf(draft: Draft, claims: (over?: Json) => Json): string {
  const { key = keys.es256(), header = {}, bareHeader } = draft
  const plain = typeof header === 'string' || header instanceof Uint8Array
  const head = plain
    ? header
    : (bareHeader ?? { typ: 'at+jwt', alg: key.alg, kid: key.kid, ...header })
  const input = `${encode(head)}.${encode(draft.payload ?? claims(draft.claims))}`
  return `${input}.${signWith(draft.signAs ?? key.alg, input, key.privateKey).toString('base64url')}`
}

/** The three segments. */
export function segments(token: string): [header: string, payload: string, signature: string] {
  return token.split('.') as [string, string, string]
}
