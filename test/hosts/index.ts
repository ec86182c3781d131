import type { Host } from '@resource-server/testing/conformance'
import { expressHosts } from './express.ts'
import { fastifyHost } from './fastify.ts'
import { honoHost, honoPackageHost } from './hono.ts'
import { koaHosts } from './koa.ts'
import { mcpHosts } from './mcp.ts'
import { nestHosts } from './nest.ts'

/** The hosts whose adapters read requests themselves. The attacks run on each of them. */
export const adapterHosts: readonly Host[] = [...expressHosts, ...koaHosts, fastifyHost, honoHost]

/** Every host, also those whose packages are built on these adapters. The conformance suite runs on each of them. */
export const hosts: readonly Host[] = [...adapterHosts, honoPackageHost, ...mcpHosts, ...nestHosts]
