// For packages that authenticate to an authorization server in the same way, such as @resource-server/introspection.
export { Backoff } from './backoff.ts'
export { type ClientSettings, readClient } from './client.ts'
export type { Failure } from './hop-error.ts'
export type { HopClient } from './options.ts'
