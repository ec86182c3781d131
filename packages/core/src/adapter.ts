/** For authors of adapters: a host hands over requests, and does what a passage says. */
export { createGate, type Gate, type Passage } from './gate.ts'
export { authentication, type Guard } from './guards.ts'
export { nodeGuard, sendNode, type NodeExchange, type NodeResponse } from './node-host.ts'
export type { OpenApi, SecurityRequirement, SecurityScheme } from './openapi.ts'
export type { PublishedMetadata, ResourceMetadata } from './resource-metadata.ts'
export type { ScopeNeed } from './scope-need.ts'
export {
  fromFetch,
  fromNode,
  type FetchRequest,
  type HeaderPair,
  type HttpRequest,
  type NodeRequest,
} from './request.ts'
export { RefusedRequest, type Reply } from './response.ts'
