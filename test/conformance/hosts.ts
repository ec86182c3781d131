import type { Host } from '@resource-server/testing/conformance'
import { expressHosts } from './hosts/express.ts'
import { fastifyHost } from './hosts/fastify.ts'
import { honoHost } from './hosts/hono.ts'
import { koaHosts } from './hosts/koa.ts'

/** Every host that the project has an adapter for. A row more, and the whole suite runs on it. */
export const hosts: readonly Host[] = [...expressHosts, ...koaHosts, fastifyHost, honoHost]
