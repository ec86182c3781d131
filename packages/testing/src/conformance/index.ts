// A host to test
export type { Host, HostSetup, Route, RunningHost } from './host.ts'

// The suite
export { type Conformance, startConformance } from './suite.ts'
export type { Case, Expected } from './case.ts'
export type { Construction } from './cases/misconfiguration.ts'
export { cases } from './cases/index.ts'
export { constructions } from './cases/misconfiguration.ts'
export { type Requirement, type RequirementId, requirements } from './requirements.ts'
export type { SetupName } from './setups.ts'

// Beyond the suite: an app of a host, and bytes to it
export { ask, get, type Outcome, serve, type Served } from './test-app.ts'
export { type Answer, exchange, valuesOf } from './raw-http.ts'
export { challengesOf } from './challenges.ts'
export { comparable } from './compare.ts'
export { createWorld, type World } from './issuers.ts'
