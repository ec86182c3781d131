// Runs in a project that installed the packages. Runs the README's Express example against a test issuer,
// and prints the statuses of three requests. Usage: `node consumer.mjs`, in the folder of example.json.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createTestIssuer } from '@resource-server/testing'

const { code, audience, scope, path } = JSON.parse(readFileSync('example.json', 'utf8'))

const issuer = await createTestIssuer()
process.env['ISSUER'] = issuer.url
process.env['PORT'] = String(await freePort())
writeFileSync('example.mjs', code)
await import(new URL('example.mjs', import.meta.url).href)

const statuses = {
  'a good token': await ask(issuer.token({ aud: audience, scope })),
  'no token': await ask(undefined),
  'a token for another audience': await ask(issuer.token({ aud: 'another-service', scope })),
}
console.log(JSON.stringify(statuses))
// The example listens until its process ends.
process.exit(0)

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** @type {(token: string | undefined) => Promise<number>} */
async function ask(token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  const { status } = await fetch(`http://127.0.0.1:${process.env['PORT']}${path}`, { headers })
  return status
}
