// The host under test
export type { Host, HostSetup, Route, RunningHost } from './host.ts'

// The suite
export { type ConformanceSuite, startConformance } from './suite.ts'
export type { Case, ExpectedResponse } from './case.ts'
export { cases } from './cases/index.ts'
export { type Misconfiguration, misconfigurations } from './cases/misconfiguration.ts'
export { type Requirement, type RequirementId, requirements } from './requirements.ts'
export type { SetupName } from './setups.ts'
export { createIssuers, type Issuers } from './issuers.ts'

// For other tests of a host: start an app, send it bytes, compare the responses
export { startApp, type Outcome, type TestApp } from './test-app.ts'
export { formatGet, formatRequest, headerValues, type RawResponse, sendRaw } from './raw-http.ts'
export { challengesOf } from './challenges.ts'
export { comparable } from './compare.ts'
