/** For authors of adapters: a host hands over requests, and does what a result says. */
export { createGate, type Gate, type GuardResult } from './http/gate.ts'
export { authenticateOnly, type Guard } from './guards/guards.ts'
export { nodeGuard, sendNode, type NodeExchange, type NodeResponse } from './http/node.ts'
export type { OpenApi, SecurityRequirement, SecurityScheme } from './http/openapi.ts'
export type { PublishedMetadata, ResourceMetadata } from './http/resource-metadata.ts'
export type { ScopeNeed } from './guards/scope.ts'
export {
  fromFetch,
  fromNode,
  type FetchRequest,
  type HeaderPair,
  type HttpRequest,
  type NodeRequest,
} from './http/request.ts'
export { RequestRefusedError, type Reply } from './http/challenge.ts'
