// An ESM project.
import { ConfigError, createVerifier, VerificationError } from '@resource-server/core'
import * as express from '@resource-server/express'
import * as fastify from '@resource-server/fastify'
import * as fetch from '@resource-server/fetch'
import * as koa from '@resource-server/koa'
import { createTestIssuer } from '@resource-server/testing'
import { checkPackages } from './check-packages.cjs'

const adapters = { express, fastify, fetch, koa }
await checkPackages({ ConfigError, createVerifier, VerificationError, createTestIssuer, adapters })
