import type { GuardInput } from './guards.ts'

/** What signs the token that the page creates. */
export type Signing = 'page' | 'unknown' | 'none'

/** Everything that the result depends on. */
export interface Inputs {
  readonly tokenFrom: 'page' | 'pasted'
  readonly pastedToken: string
  /** The header and the claims of the token that the page creates, as JSON. */
  readonly header: string
  readonly claims: string
  readonly signing: Signing
  readonly issuer: string
  /** The name of the function for this kind of authorization server, or empty. */
  readonly provider: string
  readonly audience: string
  /** Whether the public URL is configured, which DPoP needs. */
  readonly acceptsBound: boolean
  readonly keysFrom: 'page' | 'pasted'
  readonly pastedKeys: string
  readonly guards: readonly GuardInput[]
  readonly url: string
  readonly scheme: 'Bearer' | 'DPoP'
  /** Whether the request has a DPoP proof with the key of the page. */
  readonly sendsProof: boolean
}
