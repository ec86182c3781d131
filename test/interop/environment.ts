import process from 'node:process'
import type { Progress } from '../../examples/order-flow/src/servers/child-process.ts'

/** The paths that scripts/interop.mjs passes in environment variables. */
export interface Environment {
  readonly javaHome: string
  readonly keycloakHome: string
  readonly springJar: string
  /** Absent if this machine has no Go. */
  readonly zitadel: string | undefined
  readonly hydra: string
  /** The file for the results, which scripts/interop.mjs prints as a table. */
  readonly resultsFile: string
}

/** Read when it is used, because not every test needs every server. */
export const environment: Environment = {
  get javaHome() {
    return required('INTEROP_JAVA_HOME')
  },
  get keycloakHome() {
    return required('INTEROP_KEYCLOAK_HOME')
  },
  get springJar() {
    return required('INTEROP_SPRING_JAR')
  },
  get hydra() {
    return required('INTEROP_HYDRA')
  },
  zitadel: process.env['INTEROP_ZITADEL'],
  get resultsFile() {
    return required('INTEROP_LEDGER')
  },
}

function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set. Run these tests with: npm run test:interop`)
}

export const progress: Progress = (line) => void process.stderr.write(`${line}\n`)
