/** For authors of adapters: a host hands over requests, and does what a passage says. */
export { createGate, RefusedRequest, type Gate, type Passage } from './gate.ts'
export type { Guard } from './guards.ts'
export { fromFetch, fromNode, type FetchRequest, type HeaderPair, type HttpRequest, type NodeRequest } from './request.ts'
export type { Reply } from './response.ts'
