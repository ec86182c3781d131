// What a user of CommonJS writes. Node has required ESM since 20.19.
const { ConfigError, createVerifier, VerificationError } = require('@resource-server/core')
const { createTestIssuer } = require('@resource-server/testing')
const { judge } = require('./check-packages.cjs')

const adapters = {
  express: require('@resource-server/express'),
  fastify: require('@resource-server/fastify'),
  fetch: require('@resource-server/fetch'),
  koa: require('@resource-server/koa'),
}
void judge({ ConfigError, createVerifier, VerificationError, createTestIssuer, adapters })
