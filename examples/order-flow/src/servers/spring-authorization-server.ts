import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePort, type Progress, type Running, start } from './child-process.ts'

export interface SpringOptions {
  /** The jar that Maven builds from `servers/spring-authorization-server`. */
  readonly jar: string
  /** A JDK, 17 or newer. */
  readonly javaHome: string
  /** With the customizer that writes audiences and `may_act`, or as Spring is by default. */
  readonly customized: boolean
  readonly progress: Progress
}

export interface SpringAuthorizationServer extends Running {
  readonly issuer: string
}

/** Spring Authorization Server with the clients of the order flow and one user. */
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
      name: `Spring Authorization Server${customized ? '' : ', as it is by default'}`,
      command: join(javaHome, 'bin', 'java'),
      args: ['-jar', jar, ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)],
      readyUrl: `${issuer}/.well-known/oauth-authorization-server`,
      log,
    },
    progress,
  )
  return { issuer, stop }
}
