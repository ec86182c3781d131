import process from 'node:process'
import type { Progress } from '../../examples/order-flow/src/servers/child-process.ts'

/** What scripts/interop.mjs found and fetched, handed over in the environment. */
export interface Environment {
  readonly javaHome: string
  readonly keycloakHome: string
  readonly springJar: string
  /** A file for what the tests have seen; scripts/interop.mjs prints it as a table. */
  readonly ledger: string
}

export const environment: Environment = {
  javaHome: required('INTEROP_JAVA_HOME'),
  keycloakHome: required('INTEROP_KEYCLOAK_HOME'),
  springJar: required('INTEROP_SPRING_JAR'),
  ledger: required('INTEROP_LEDGER'),
}

function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set. Start these tests with: npm run test:interop`)
}

export const progress: Progress = (line) => void process.stderr.write(`${line}\n`)
