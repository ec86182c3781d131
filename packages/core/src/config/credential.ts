import { ConfigError } from '../errors/refusal.ts'
import { checkedSource, type CredentialSource } from '../options/credential-source.ts'
import type { PublicUrls } from './public-url.ts'

/** Where the token is, if not in `Authorization`. */
export interface CredentialRule {
  readonly from: CredentialSource['from']
  readonly name: string
  /** The header that contains it, in lowercase. */
  readonly header: string
  /** Whether `Authorization` is refused. Only a handshake in a browser needs another place in addition to it. */
  readonly isOnlySource: boolean
  /** The origins whose pages may send unsafe requests with the cookie. */
  readonly origins: ReadonlySet<string>
}

export function readCredentialSource(value: unknown): CredentialSource {
  return checkedSource(value)
}

/** The pages of the service's own origins may send unsafe requests, too. */
export function credentialRule(
  source: CredentialSource | undefined,
  { origins: own }: PublicUrls,
): CredentialRule | undefined {
  if (!source) return undefined
  const { from, name } = source
  const headers = { cookie: 'cookie', header: name.toLowerCase(), subprotocol: subprotocolHeader }
  const listed = from === 'cookie' ? source.origins : []
  return Object.freeze({
    from,
    name,
    header: headers[from],
    isOnlySource: isOnlySource(source),
    origins: new Set([...listed, ...own.map(({ origin }) => origin)]),
  })
}

/** RFC 6455 section 11.3.4. */
const subprotocolHeader = 'sec-websocket-protocol'

export function isOnlySource(source: CredentialSource | undefined): boolean {
  return source !== undefined && source.from !== 'subprotocol'
}

interface OtherOptions {
  readonly ignoreOtherSchemes: boolean
  readonly mtls: object | undefined
  /** Whether `dpop` is set to something other than 'off'. */
  readonly wantsDpop: boolean
}

/** @throws ConfigError for options that concern the `Authorization` header, or how it is used */
export function requireBearerOnly(options: OtherOptions): void {
  const conflicts: readonly (readonly [boolean, string, string])[] = [
    [
      options.ignoreOtherSchemes,
      "'ignoreOtherSchemes' has no effect with 'credential', because Authorization is not read.",
      'Leave ignoreOtherSchemes out.',
    ],
    [
      options.wantsDpop,
      "'dpop' cannot be combined with 'credential': the DPoP scheme belongs to Authorization (RFC 9449 section 7.1).",
      'Leave out dpop or credential.',
    ],
    [
      options.mtls !== undefined,
      "'mtls' cannot be combined with 'credential': tokens that are bound to a certificate are accepted only in Authorization.",
      'Leave out mtls or credential.',
    ],
  ]
  const found = conflicts.find(([applies]) => applies)
  if (found) throw new ConfigError(found[1], found[2])
}
