export { nextHop, type NextHop } from './next-hop.ts'
export type {
  AssertionTarget,
  HopCacheOptions,
  HopClient,
  HopFetch,
  HopRecordOptions,
  HopStoreOptions,
  NextHopOptions,
} from './options.ts'
export type { ClientCheck } from './client-check.ts'
export type { ExchangedToken } from './exchanged-token.ts'
export type { HopHealth } from './exchanger.ts'
export { HopError, hopCodes, type HopCode } from './hop-error.ts'
export { dialects, type Dialect, type DialectName, type TargetParameter } from './dialects.ts'
export type { ExchangeAnomaly, ExchangeRecord } from '@resource-server/core/client'
