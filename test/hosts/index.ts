import type { Host } from '@resource-server/testing/conformance'
import { expressHosts } from './express.ts'
import { fastifyHost } from './fastify.ts'
import { honoHost } from './hono.ts'
import { koaHosts } from './koa.ts'

/** Every host that the project has an adapter for. A row more, and the whole suite runs on it. */
export const hosts: readonly Host[] = [...expressHosts, ...koaHosts, fastifyHost, honoHost]
