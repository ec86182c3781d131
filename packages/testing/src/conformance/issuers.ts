import { createTestIssuer } from '../issuer/create-test-issuer.ts'
import type { TestIssuer } from '../issuer/test-issuer.ts'
import { type IssuersByRole, tokens } from './tokens.ts'

/** The issuers of the conformance suite, and the tokens that the cases send. */
export interface Issuers extends IssuersByRole, AsyncDisposable {
  /**
   * Replaces `{{name}}` with the token of that name, and `{{issuer}}` with the trusted issuer's URL. `{{chunk:name}}`
   * becomes the same token, as one chunk of a chunked body.
   */
  fill(text: string): string
  /** All tokens that `fill` has inserted. None of them may appear in a response or in a record. */
  readonly sentTokens: readonly string[]
  close(): Promise<void>
}

/** Starts the issuers. They can be shared by any number of hosts. */
export async function createIssuers(): Promise<Issuers> {
  const trusted = await createTestIssuer({ algorithm: 'ES256' })
  const { clock } = trusted
  const start = (metadata = {}): Promise<TestIssuer> =>
    createTestIssuer({ algorithm: 'ES256', clock, metadata })
  const [other, down, mismatched, twoKeys] = await Promise.all([
    start(),
    start(),
    start({ issuer: 'https://impostor.invalid' }),
    start(),
  ])
  down.stop()
  twoKeys.rotateKeys()

  const issuers = { trusted, other, down, mismatched, twoKeys }
  const created = new Map<string, string>()
  const tokenNamed = (name: string): string => {
    const create = tokens[name]
    if (!create) throw new TypeError(`conformance: unknown token '${name}'`)
    const token = created.get(name) ?? create(issuers)
    created.set(name, token)
    return token
  }
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(issuers).map((issuer) => issuer.close()))
  }
  return {
    ...issuers,
    fill: (text) =>
      text.replace(/\{\{(chunk:)?([\w-]+)\}\}/g, (_, chunk: string | undefined, name: string) => {
        const value = name === 'issuer' ? trusted.url : tokenNamed(name)
        return chunk === undefined ? value : `${value.length.toString(16)}\r\n${value}\r\n`
      }),
    get sentTokens() {
      return [...created.values()]
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
