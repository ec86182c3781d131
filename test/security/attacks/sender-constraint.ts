import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { encode } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { keys } from '../fixtures/keys.ts'

const thumbprint = encode(Buffer.alloc(32, 7))

/** Tokens with these values of `cnf`, sent as bearer tokens. */
const withConfirmation =
  (...values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    values.map((cnf) => ({
      name: JSON.stringify(cnf).slice(0, 60),
      token: fixture.token({ claims: { cnf } }),
    }))

/** A certificate-bound token with headers in which only a trusted proxy may name the certificate. */
const withHeaders =
  (...headers: readonly (readonly string[])[]): CaseBuilder =>
  (fixture) => {
    const token = fixture.token({ claims: { cnf: { 'x5t#S256': thumbprint } } })
    return headers.map((lines) => ({
      name: lines.join().slice(0, 40),
      lines: [`Authorization: Bearer ${token}`, ...lines],
    }))
  }

const pem = (): string => encodeURIComponent(certificateOf(keys.es256()))

export const senderConstraintCases: Group = {
  'DPOP-downgrade': withConfirmation({ jkt: thumbprint }),
  'DPOP-cnf-type': withConfirmation('x', [], {}, { jkt: 7 }, null, true, 7, [{ jkt: thumbprint }]),
  'DPOP-cnf-unknown': withConfirmation(
    { 'x5t#S256': thumbprint },
    { jwk: keys.es256().jwk },
    { kid: 'k' },
    { jku: 'https://as.example/jwks' },
    { jwe: 'x' },
    { 'x-new': 1 },
  ),
  'DPOP-cnf-two': withConfirmation({ jkt: thumbprint, 'x5t#S256': thumbprint }),
  'DPOP-mtls-none': withConfirmation({ 'x5t#S256': thumbprint }),
  'DPOP-mtls-spoof': withHeaders(
    [`X-Client-Cert: ${pem()}`],
    [`X-SSL-Client-Cert: ${pem()}`],
    [`Client-Cert: :${Buffer.from(pem()).toString('base64')}:`],
  ),
  'DPOP-mtls-spoof-dup': withHeaders([`X-Client-Cert: ${pem()}`, 'X-Client-Cert: (null)']),
  'DPOP-mtls-trunc': withConfirmation(
    { 'x5t#S256': thumbprint.slice(0, 20) },
    { 'x5t#S256': `${thumbprint}=` },
    { 'x5t#S256': '' },
  ),
}
