import { member } from './decode.ts'

/** What a server answered to a request for keys: its key set, or the URL of it. */
export type KeyAnswer =
  | { readonly keys: string }
  | {
      readonly jwksUri: string
      /** What a service would refuse, or `undefined`. */
      readonly problem: string | undefined
    }

/**
 * Reads a key set (RFC 7517 section 5) or the metadata of an issuer (RFC 8414 section 2).
 *
 * @throws Error with a sentence if the answer is neither
 */
export function readKeyAnswer(text: string, issuer: string): KeyAnswer {
  const document = parse(text)
  if (Array.isArray(member(document, 'keys')))
    return { keys: JSON.stringify(document, undefined, 2) }
  const jwksUri = member(document, 'jwks_uri')
  if (typeof jwksUri !== 'string') throw new Error('The answer has neither keys nor a jwks_uri.')
  return { jwksUri, problem: otherIssuer(member(document, 'issuer'), issuer) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('The answer is not JSON.')
  }
}

/** RFC 8414 section 3.3: the issuer in the metadata must be identical to the one that was asked for. */
function otherIssuer(found: unknown, issuer: string): string | undefined {
  if (found === issuer) return undefined
  const name = typeof found === 'string' ? `'${found}'` : 'no text'
  return `The metadata names another issuer: ${name}. A service refuses metadata whose issuer is not exactly '${issuer}'.`
}
