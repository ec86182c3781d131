import process from 'node:process'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { type Keycloak, startKeycloak } from '../servers/keycloak.ts'
import {
  type SpringAuthorizationServer,
  startSpringAuthorizationServer,
} from '../servers/spring-authorization-server.ts'

type Start = () => Promise<AuthorizationServer>

/** `scripts/demo.mjs` finds or fetches these and hands them over. */
function given(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set. Start this with: npm run demo -- --issuer …`)
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`)

const starters: Readonly<Record<string, Start>> = {
  keycloak: async () =>
    keycloakForOrderFlow(
      await startKeycloak({
        home: given('INTEROP_KEYCLOAK_HOME'),
        javaHome: given('INTEROP_JAVA_HOME'),
        progress,
      }),
    ),
  spring: async () =>
    springForOrderFlow(
      await startSpringAuthorizationServer({
        jar: given('INTEROP_SPRING_JAR'),
        javaHome: given('INTEROP_JAVA_HOME'),
        customized: true,
        progress,
      }),
    ),
}

/**
 * `--issuer keycloak` or `--issuer spring`: the same flow at another server.
 *
 * @throws Error for another name
 */
export function starterOf(name: string): Start {
  const start = starters[name]
  if (start) return start
  throw new Error(`--issuer takes ${Object.keys(starters).join(' or ')}`)
}

/** As the realm and the Spring application have them. */
const clientSecrets = new Map(
  ['user-service', 'order-service'].map((client) => [client, `${client}-secret`]),
)

function keycloakForOrderFlow({ issuer, stop }: Keycloak): AuthorizationServer {
  return {
    ...{ name: 'Keycloak', issuer, clientSecrets, exchangeShows: 'client', close: stop },
    forms: (username, password) => [{ username, password }, { accept: 'Yes' }],
  }
}

function springForOrderFlow({ issuer, stop }: SpringAuthorizationServer): AuthorizationServer {
  return {
    ...{ name: 'Spring Authorization Server', issuer, clientSecrets, close: stop },
    ...{ exchangeShows: 'actor', wantsActorToken: true },
    // The consent page asks for each scope but openid.
    forms: (username, password, scope) => [
      { username, password },
      { scope: scope.replace('openid ', '') },
    ],
  }
}
