// `npm run demo`: sets up, builds, and runs examples/order-flow. Passes its arguments on:
// `npm run demo -- --trace trace.svg` draws all decisions, `npm run demo -- --issuer keycloak` (or
// `spring`) uses a real server, which needs a JDK and Maven.
import { join } from 'node:path'
import { realServers } from './interop/servers.mjs'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)

function main() {
  setUp()
  const servers = args.some((argument) => argument.startsWith('--issuer')) ? realServers() : {}
  if (typeof servers === 'string') {
    console.log(`No other issuer is available: ${servers}.`)
    return false
  }
  const play = [join(root, 'examples/order-flow/dist/main.js'), ...args]
  return run(tool('tsc'), ['-b']).ok && run(process.execPath, play, { env: servers }).ok
}

process.exitCode = main() ? 0 : 1
