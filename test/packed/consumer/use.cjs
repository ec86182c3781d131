// What a user of CommonJS writes. Node has required ESM since 20.19.
const { ConfigError, createVerifier, VerificationError } = require('@resource-server/core')
const { resourceServer } = require('@resource-server/express')
const { createTestIssuer } = require('@resource-server/testing')
const { judge } = require('./judge.cjs')

void judge({ ConfigError, createVerifier, VerificationError, resourceServer, createTestIssuer })
