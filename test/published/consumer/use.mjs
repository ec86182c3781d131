// What a user of ESM writes.
import { ConfigError, createVerifier, VerificationError } from '@resource-server/core'
import * as express from '@resource-server/express'
import * as fastify from '@resource-server/fastify'
import * as fetch from '@resource-server/fetch'
import * as koa from '@resource-server/koa'
import { createTestIssuer } from '@resource-server/testing'
import { judge } from './check-packages.cjs'

const adapters = { express, fastify, fetch, koa }
await judge({ ConfigError, createVerifier, VerificationError, createTestIssuer, adapters })
