export { introspect } from './introspect.ts'
export type { IntrospectionFetch, IntrospectOptions } from './options.ts'
export type { HopClient as IntrospectionClient } from '@resource-server/exchange/client-authentication'
