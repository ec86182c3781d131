import { onTestFinished } from 'vitest'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../src/index.ts'

/** Starts an issuer that is closed when the test ends. */
export async function startIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256', ...options })
  onTestFinished(() => issuer.close())
  return issuer
}

export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

export function decode(token: string): DecodedToken {
  const [header, payload] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object)
  return { header, payload } as DecodedToken
}
