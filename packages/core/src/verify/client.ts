// For packages that talk to an authorization server, such as @resource-server/exchange.

// Tokens of callers
export {
  forgetVerification,
  identifyDecision,
  isAccessToken,
  rawOf,
} from '../token/access-token.ts'

// Requests and responses
export {
  discard,
  failedRequest,
  FetchError,
  readBounded,
  readJson,
  retryAfterOf,
  withinDeadline,
} from '../lib/fetch-json.ts'
export { JsonError, type JsonObject, own, parseJsonObject } from '../lib/json.ts'
export { readUnverifiedClaims } from '../jose/jws.ts'
export { discoverMetadata, type MetadataSource } from '../jwks/discovery.ts'
export { retryDelay } from '../jwks/retry-delay.ts'

// Options
export { readClock } from '../config/read-option.ts'
export {
  booleanOption,
  choiceOption,
  functionOption,
  numberOption,
} from '../options/option-rows.ts'
export {
  kindOf,
  type Option,
  type OptionTable,
  ownOptions,
  type ReadContext,
  readOptions,
  required,
} from '../options/option-table.ts'
export { isSecure, parsePlainUrl } from '../lib/url.ts'

// Records and warnings
export type { ExchangeAnomaly, ExchangeRecord } from '../options/exchange-record.ts'
export { nameAndCodeOf, quote } from '../lib/quote.ts'
export { warnings } from '../lib/warning-limiter.ts'
export { channel } from '#platform'

// Caches
export { sha256 } from '#crypto'
export { GenerationalMap } from '../lib/generational-map.ts'
export { systemClock, within } from '../lib/clock.ts'
