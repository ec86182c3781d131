// `npm run demo`: sets up, builds, and runs examples/order-flow. Arguments are passed to it:
// `npm run demo -- --trace trace.svg` draws all decisions, and `npm run demo -- --issuer keycloak` (or
// `spring-authorization-server`) runs it with that server, which requires a JDK and Maven.
import './help.mjs'
import { join } from 'node:path'
import { realServers } from './interop/servers.mjs'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)

function main() {
  setUp()
  const servers = args.some((argument) => argument.startsWith('--issuer')) ? realServers() : {}
  if (typeof servers === 'string') {
    console.log(`--issuer is unavailable: ${servers}.`)
    return false
  }
  const demo = [join(root, 'examples/order-flow/dist/main.js'), ...args]
  return run(tool('tsc'), ['-b']).ok && run(process.execPath, demo, { env: servers }).ok
}

process.exitCode = main() ? 0 : 1
