import type { Host } from '@resource-server/testing/conformance'
import { expressHosts } from './express.ts'
import { fastifyHost } from './fastify.ts'
import { honoHost, honoPackageHost } from './hono.ts'
import { koaHosts } from './koa.ts'
import { mcpHosts } from './mcp.ts'
import { nestHosts } from './nest.ts'

/** Every host that has an adapter. The conformance suite and the attacks run on each of them. */
export const hosts: readonly Host[] = [
  ...expressHosts,
  ...koaHosts,
  fastifyHost,
  honoHost,
  honoPackageHost,
  ...mcpHosts,
  ...nestHosts,
]
