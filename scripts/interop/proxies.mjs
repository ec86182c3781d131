// Finds nginx and HAProxy. The tests start them on loopback.
import { spawnSync } from 'node:child_process'

const proxies = { nginx: 'nginx', haproxy: 'HAProxy' }

/** @returns {string | undefined} what this machine lacks, and how to get it */
export function missingProxies() {
  const missing = Object.entries(proxies).filter(([command]) => !isInstalled(command))
  if (missing.length === 0) return undefined
  const names = missing.map(([, name]) => name).join(' and ')
  return `${names} not found. Install them: apt-get install nginx-light haproxy`
}

/** @type {(command: string) => boolean} */
const isInstalled = (command) => spawnSync(command, ['-v'], { stdio: 'ignore' }).status === 0
