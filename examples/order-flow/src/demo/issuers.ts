import process from 'node:process'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { type Keycloak, startKeycloak } from '../servers/keycloak.ts'
import {
  type SpringAuthorizationServer,
  startSpringAuthorizationServer,
} from '../servers/spring-authorization-server.ts'

type StartServer = () => Promise<AuthorizationServer>

/** Reads a variable that `scripts/demo.mjs` sets after it has found or downloaded the server. */
function requiredEnv(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set. Run: npm run demo -- --issuer …`)
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`)

const starters: Readonly<Record<string, StartServer>> = {
  keycloak: async () =>
    keycloakForDemo(
      await startKeycloak({
        home: requiredEnv('INTEROP_KEYCLOAK_HOME'),
        javaHome: requiredEnv('INTEROP_JAVA_HOME'),
        progress,
      }),
    ),
  'spring-authorization-server': async () =>
    springForDemo(
      await startSpringAuthorizationServer({
        jar: requiredEnv('INTEROP_SPRING_JAR'),
        javaHome: requiredEnv('INTEROP_JAVA_HOME'),
        customized: true,
        progress,
      }),
    ),
}

/**
 * Returns the function that starts the server named by `--issuer`: `keycloak` or
 * `spring-authorization-server`.
 *
 * @throws Error if the name is unknown
 */
export function serverStarter(name: string): StartServer {
  const start = starters[name]
  if (start) return start
  throw new Error(`--issuer must be ${Object.keys(starters).join(' or ')}`)
}

/** The secrets that the Keycloak realm and the Spring application are configured with. */
const clientSecrets = new Map(
  ['user-service', 'order-service'].map((client) => [client, `${client}-secret`]),
)

function keycloakForDemo({ issuer, stop }: Keycloak): AuthorizationServer {
  return {
    name: 'Keycloak',
    issuer,
    clientSecrets,
    exchangerRole: 'client',
    dialect: 'keycloak',
    close: stop,
    forms: (username, password) => [{ username, password }, { accept: 'Yes' }],
  }
}

function springForDemo({ issuer, stop }: SpringAuthorizationServer): AuthorizationServer {
  return {
    name: 'Spring Authorization Server',
    issuer,
    clientSecrets,
    exchangerRole: 'actor',
    dialect: 'springAuthorizationServer',
    close: stop,
    // The consent page lists every scope except openid.
    forms: (username, password, scope) => [
      { username, password },
      { scope: scope.replace('openid ', '') },
    ],
  }
}
