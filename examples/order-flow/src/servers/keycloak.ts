import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type Progress, type Running, start } from './child-process.ts'

export interface KeycloakOptions {
  /** The folder of the unpacked server distribution. Its `data` folder is deleted. */
  readonly home: string
  /** The home of a JDK, version 21 or later. */
  readonly javaHome: string
  readonly progress: Progress
}

export interface Keycloak extends Running {
  /** The URL of the realm. */
  readonly issuer: string
  /** The admin REST API of the realm. */
  readonly admin: KeycloakAdmin
  /** Stops the server, calls `whileDown`, and starts it again on the same port with the same data. */
  readonly restart: (whileDown: () => Promise<void>) => Promise<void>
}

interface KeycloakAdmin {
  /**
   * Sends JSON to a path below the realm.
   *
   * @throws Error if the status is not 2xx
   */
  readonly send: (method: string, path: string, body?: unknown) => Promise<unknown>
}

const realm = 'order-flow'
const realmFile = `${realm}-realm.json`
const sources = fileURLToPath(new URL('../../servers/keycloak/', import.meta.url))
const administrator = { username: 'admin', password: 'admin' }

/** Starts Keycloak in development mode, with the realm of the demo. */
export async function startKeycloak(options: KeycloakOptions): Promise<Keycloak> {
  const { home, javaHome, progress } = options
  // Keycloak reads the name of the realm from the name of the file.
  rmSync(join(home, 'data'), { recursive: true, force: true })
  mkdirSync(join(home, 'data', 'import'), { recursive: true })
  cpSync(join(sources, realmFile), join(home, 'data', 'import', realmFile))

  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const issuer = `${origin}/realms/${realm}`
  const program = {
    name: 'Keycloak',
    command: join(home, 'bin', 'kc.sh'),
    args: [
      'start-dev',
      '--import-realm',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      `--hostname=${origin}`,
      '--features=token-exchange-delegation,parameterized-scopes',
    ],
    env: {
      JAVA_HOME: javaHome,
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
    },
    readyUrl: `${issuer}/.well-known/openid-configuration`,
    log: join(home, 'data', 'server.log'),
  }
  let running = await start(program, progress)
  return {
    issuer,
    admin: { send: (method, path, body) => sendAsAdmin(origin, method, path, body) },
    restart: async (whileDown) => {
      await running.stop()
      await whileDown()
      running = await start(program, progress)
    },
    stop: () => running.stop(),
  }
}

async function sendAsAdmin(
  origin: string,
  method: string,
  path: string,
  body: unknown,
): Promise<unknown> {
  const response = await fetch(`${origin}/admin/realms/${realm}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await adminToken(origin)}`,
      'content-type': 'application/json',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} returned ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** Requests a new token for each call, because admin tokens expire after a minute. */
async function adminToken(origin: string): Promise<string> {
  const response = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...administrator }),
  })
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}
