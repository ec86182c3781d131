import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort, type Progress, type Running, start } from './child-process.ts'

export interface SpringOptions {
  /** The path of the jar that Maven builds from `servers/spring-authorization-server`. */
  readonly jar: string
  /** The home of a JDK, version 17 or later. */
  readonly javaHome: string
  /** Whether to add the customizer that writes `aud` and `may_act`. False is Spring's default. */
  readonly customized: boolean
  readonly progress: Progress
}

export interface SpringAuthorizationServer extends Running {
  readonly issuer: string
}

/** Starts Spring Authorization Server with the demo's clients and one user. */
export async function startSpringAuthorizationServer(
  options: SpringOptions,
): Promise<SpringAuthorizationServer> {
  const { jar, javaHome, customized, progress } = options
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const log = join(dirname(jar), `server-${port}.log`)
  rmSync(log, { force: true })
  const settings = {
    'server.address': '127.0.0.1',
    'server.port': port,
    'spring.security.oauth2.authorizationserver.issuer': issuer,
    'spring.security.user.name': 'user-42',
    'spring.security.user.password': 'tulip-season',
    'order-flow.customized': customized,
  }
  const { stop } = await start(
    {
      name: `Spring Authorization Server${customized ? '' : ' (default configuration)'}`,
      command: join(javaHome, 'bin', 'java'),
      args: ['-jar', jar, ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)],
      readyUrl: `${issuer}/.well-known/oauth-authorization-server`,
      log,
    },
    progress,
  )
  return { issuer, stop }
}
