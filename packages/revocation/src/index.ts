// The list
export { createRevocationList, type RevocationList } from './revocation-list.ts'
export type { BackchannelLogoutOptions, RevocationListOptions } from './options.ts'
export type { RevocationTarget } from './revocation-entry.ts'
export { RevocationError } from './revocation-error.ts'
export { memoryRevocationFeed } from './memory-feed.ts'
export type { RevocationFeed, RevocationFeedPart } from '@resource-server/core'

// Back-channel logout
export type {
  FastifyLogoutReply,
  FastifyLogoutRequest,
  KoaLogoutContext,
  LogoutHandlers,
  NodeLogoutRequest,
  NodeLogoutResponse,
} from './logout-handlers.ts'
export type { LogoutEvent } from './logout.ts'

// Open connections
export {
  type WatchedResponse,
  type WatchedSocket,
  watchResponse,
  watchSocket,
  watchStream,
} from './connections.ts'
export { tokenEndedCode } from '@resource-server/core/adapter'
