// For authors of adapters: a host passes requests to a gate and does what the result says.
export { createGate, type Gate, type GuardResult, type HostTraits } from './http/gate.ts'
export type { ResourceServerBase } from './http/resource-server.ts'
export { authenticateFor, authenticateOnly, type Guard, scopeGuard } from './guards/guards.ts'
export type { ScopeNeed } from './guards/scope.ts'
export { isSameParty } from './verify/token-watcher.ts'
export { endSocket, type EndableSocket, tokenEndedCode } from './verify/end-socket.ts'
export { fromSubprotocol } from './options/credential-source.ts'
export type { AudienceRule } from './config/audience.ts'
export type { Refusal, RefusalDetail } from './errors/refusal.ts'

// Requests, and what is sent back
export {
  fromFetch,
  fromNode,
  type FetchRequest,
  type HeaderPair,
  headerValues,
  type HttpRequest,
  type NodeRequest,
} from './http/request.ts'
export { withToken } from './http/credential.ts'
export { RequestRefusedError, type Reply } from './http/challenge.ts'
export { ignoredWrite } from './http/ignored-write.ts'
export { wrongHost } from './http/wrong-host.ts'
export { isFetchRequest, isNodeRequest } from './lib/host-object.ts'
export { isScopeToken } from './options/scope.ts'
export { JsonError, parseJsonBody } from './lib/json.ts'
export {
  nodeGuard,
  sendNode,
  sendNodeError,
  type NodeExchange,
  type NodeResponse,
} from './http/node.ts'

export type { Connection } from './binding/presentation.ts'

// Descriptions of the resource server
export {
  descriptionOf,
  type HandlerDescription,
  type ServerDescription,
} from './http/handler-description.ts'
export type { OpenApi, SecurityRequirement, SecurityScheme } from './http/openapi.ts'
export type { PublishedMetadata, ResourceMetadata } from './http/resource-metadata.ts'
