import process from 'node:process'
import type { Progress } from '../../examples/order-flow/src/servers/child-process.ts'

/** The paths that scripts/interop.mjs passes in environment variables. */
export interface Environment {
  readonly javaHome: string
  readonly keycloakHome: string
  readonly springJar: string
  /** Absent if this machine has no Go. */
  readonly zitadel: string | undefined
  /** The file for the results, which scripts/interop.mjs prints as a table. */
  readonly resultsFile: string
}

export const environment: Environment = {
  javaHome: required('INTEROP_JAVA_HOME'),
  keycloakHome: required('INTEROP_KEYCLOAK_HOME'),
  springJar: required('INTEROP_SPRING_JAR'),
  zitadel: process.env['INTEROP_ZITADEL'],
  resultsFile: required('INTEROP_LEDGER'),
}

function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set. Run these tests with: npm run test:interop`)
}

export const progress: Progress = (line) => void process.stderr.write(`${line}\n`)
