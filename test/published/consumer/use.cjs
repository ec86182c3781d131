// A CommonJS project. Node can require ESM since 20.19.
const { ConfigError, createVerifier, VerificationError } = require('@resource-server/core')
const { createTestIssuer } = require('@resource-server/testing')
const { checkPackages } = require('./check-packages.cjs')

const adapters = {
  express: require('@resource-server/express'),
  fastify: require('@resource-server/fastify'),
  fetch: require('@resource-server/fetch'),
  koa: require('@resource-server/koa'),
}
void checkPackages({ ConfigError, createVerifier, VerificationError, createTestIssuer, adapters })
