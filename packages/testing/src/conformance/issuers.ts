import { createTestIssuer } from '../issuer/create-test-issuer.ts'
import type { TestIssuer } from '../issuer/test-issuer.ts'
import { tokens } from './tokens.ts'

/** The issuers around the hosts, and the tokens that the cases send. */
export interface World extends AsyncDisposable {
  /** The one that the hosts trust. */
  readonly issuer: TestIssuer
  /** A second one, with a key of the same name. Trusted where a setup says so. */
  readonly other: TestIssuer
  /** One that answers nothing. */
  readonly silent: TestIssuer
  /** One whose metadata claims to be another's. */
  readonly impostor: TestIssuer
  /** One that publishes two keys that fit, so that a token without `kid` names neither. */
  readonly twofold: TestIssuer
  /** Puts tokens for `{{name}}`, and the URL of the issuer for `{{issuer}}`. */
  fill(text: string): string
  /** All tokens that were put in so far: none may come back in an answer or in a record. */
  readonly sent: readonly string[]
  close(): Promise<void>
}

/** Starts the issuers. One world serves any number of hosts. */
export async function createWorld(): Promise<World> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  const { clock } = issuer
  const more = (metadata = {}): Promise<TestIssuer> =>
    createTestIssuer({ algorithm: 'ES256', clock, metadata })
  const [other, silent, impostor, twofold] = await Promise.all([
    more(),
    more(),
    more({ issuer: 'https://impostor.invalid' }),
    more(),
  ])
  silent.stop()
  twofold.rotateKeys()

  const issuers = { issuer, other, silent, impostor, twofold }
  const minted = new Map<string, string>()
  const mint = (name: string): string => {
    const make = tokens[name]
    if (!make) throw new TypeError(`conformance: there is no token called '${name}'`)
    const token = minted.get(name) ?? make(issuers)
    minted.set(name, token)
    return token
  }
  const close = async (): Promise<void> => {
    await Promise.all(Object.values(issuers).map((each) => each.close()))
  }
  return {
    ...issuers,
    fill: (text) =>
      text.replace(/\{\{([\w-]+)\}\}/g, (_, name: string) =>
        name === 'issuer' ? issuer.url : mint(name),
      ),
    get sent() {
      return [...minted.values()]
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
