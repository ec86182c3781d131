// The same types in a CommonJS file.
import { codes, createVerifier, type Verifier } from '@resource-server/core'
import { resourceServer, type ResourceServer } from '@resource-server/express'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'

export const verifier: Verifier = createVerifier({
  issuer: 'https://as.example.com',
  audience: 'order-service',
})
export const api: ResourceServer<object, unknown> = resourceServer({
  issuer: 'https://as.example.com',
})
export const issuer: Promise<TestIssuer> = createTestIssuer()
export const status: number = codes.credential_missing.status
