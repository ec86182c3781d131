// What a user of ESM writes.
import { ConfigError, createVerifier, VerificationError } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import { judge } from './judge.cjs'

await judge({ ConfigError, createVerifier, VerificationError, resourceServer, createTestIssuer })
