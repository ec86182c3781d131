// `npm run demo`: sets up, builds, and plays examples/order-flow. Arguments go on to it:
// `npm run demo -- --trace trace.svg` draws all decisions, `npm run demo -- --issuer keycloak` (or
// `spring`) plays it at a real server of that name, which takes a JDK and Maven.
import { join } from 'node:path'
import { realServers } from './interop/servers.mjs'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const args = process.argv.slice(2)

function main() {
  setUp()
  const servers = args.some((argument) => argument.startsWith('--issuer')) ? realServers() : {}
  if (typeof servers === 'string') {
    console.log(`There is no other issuer to be had: ${servers}.`)
    return false
  }
  const play = [join(root, 'examples/order-flow/dist/main.js'), ...args]
  return run(tool('tsc'), ['-b']).ok && run(process.execPath, play, { env: servers }).ok
}

process.exitCode = main() ? 0 : 1
