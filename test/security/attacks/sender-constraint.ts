import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { encode } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { keys } from '../fixtures/keys.ts'

const thumbprint = encode(Buffer.alloc(32, 7))

/** A token bound in this way, sent as a plain bearer token. */
const bound =
  (...confirmations: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    confirmations.map((cnf) => ({
      name: JSON.stringify(cnf).slice(0, 60),
      token: fixture.token({ claims: { cnf } }),
    }))

/** The same with headers in which a client, or a proxy behind which it is not, names a certificate. */
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
  'DPOP-downgrade': bound({ jkt: thumbprint }),
  'DPOP-cnf-type': bound('x', [], {}, { jkt: 7 }, null, true, 7, [{ jkt: thumbprint }]),
  'DPOP-cnf-unknown': bound(
    { 'x5t#S256': thumbprint },
    { jwk: keys.es256().jwk },
    { kid: 'k' },
    { jku: 'https://as.example/jwks' },
    { jwe: 'x' },
    { 'x-new': 1 },
  ),
  'DPOP-cnf-two': bound({ jkt: thumbprint, 'x5t#S256': thumbprint }),
  'DPOP-mtls-none': bound({ 'x5t#S256': thumbprint }),
  'DPOP-mtls-spoof': withHeaders(
    [`X-Client-Cert: ${pem()}`],
    [`X-SSL-Client-Cert: ${pem()}`],
    [`Client-Cert: :${Buffer.from(pem()).toString('base64')}:`],
  ),
  'DPOP-mtls-spoof-dup': withHeaders([`X-Client-Cert: ${pem()}`, 'X-Client-Cert: (null)']),
  'DPOP-mtls-trunc': bound(
    { 'x5t#S256': thumbprint.slice(0, 20) },
    { 'x5t#S256': `${thumbprint}=` },
    { 'x5t#S256': '' },
  ),
}
