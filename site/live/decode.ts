/** A part of a token, for display. Nothing is verified here. */
export interface DecodedPart {
  /** The part as it is in the token. */
  readonly text: string
  /** The JSON of the part, or `undefined` if it is not JSON. */
  readonly value: unknown
}

export interface DecodedToken {
  readonly header: DecodedPart
  readonly payload: DecodedPart
  readonly signature: string
}

/** Splits a token for display. `undefined` if it does not have three segments. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, payload, signature, ...others] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined) return undefined
  if (others.length > 0) return undefined
  return { header: decodePart(header), payload: decodePart(payload), signature }
}

function decodePart(text: string): DecodedPart {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    return { text, value: JSON.parse(new TextDecoder().decode(bytes)) as unknown }
  } catch {
    return { text, value: undefined }
  }
}

/** A member of a JSON object, or `undefined`. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
