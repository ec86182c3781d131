// Sends the same requests to each package, and formats the statuses as a table.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createTestIssuer } from '@resource-server/testing'
import { audience as aud, hosts } from './hosts.mjs'

/**
 * @typedef {import('@resource-server/testing').TestIssuer} TestIssuer
 * @typedef {{ token?: string, path?: string }} Question
 */

/** @type {readonly (readonly [what: string, ask: (issuer: TestIssuer) => Question])[]} */
const questions = [
  ['an access token for this audience', (issuer) => ({ token: issuer.token({ aud }) })],
  [
    'an access token for another audience',
    (issuer) => ({ token: issuer.token({ aud: 'another' }) }),
  ],
  ['an ID token with this audience', (issuer) => ({ token: issuer.idToken({ aud }) })],
  [
    '`typ: logout+jwt`',
    (issuer) => ({ token: issuer.token({ aud, header: { typ: 'logout+jwt' } }) }),
  ],
  ['no `exp`', (issuer) => ({ token: issuer.token({ aud, claims: { exp: undefined } }) })],
  ['no `sub`', (issuer) => ({ token: issuer.token({ aud, claims: { sub: undefined } }) })],
  ['`act` is a string', (issuer) => ({ token: issuer.token({ aud, claims: { act: 'x' } }) })],
  [
    'bound to a key (`cnf`), sent as a bearer token',
    (issuer) => ({ token: issuer.token({ aud, claims: { cnf: { jkt: 'x' } } }) }),
  ],
  [
    'the token in the query string',
    (issuer) => ({ path: `/?access_token=${issuer.token({ aud })}` }),
  ],
  [
    "the issuer's keys are unavailable",
    (issuer) => {
      const token = issuer.token({ aud })
      issuer.stop('error')
      return { token }
    },
  ],
]

/** @type {(load: NodeJS.Require, versionOf: (name: string) => string) => Promise<string>} */
export async function askAll(load, versionOf) {
  const names = Object.keys(hosts)
  const heads = names.map((name) =>
    name.startsWith('@resource') ? 'this project' : `${name} ${versionOf(name)}`,
  )
  const rows = []
  for (const [what, ask] of questions) {
    const statuses = []
    for (const name of names) statuses.push(await statusOf(load, name, ask))
    rows.push([what, ...statuses])
  }
  const lines = [['', ...heads], heads.map(() => '---').concat('---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** @type {(load: NodeJS.Require, name: string, ask: (issuer: TestIssuer) => Question) => Promise<number>} */
async function statusOf(load, name, ask) {
  const issuer = await createTestIssuer({ algorithm: 'RS256' })
  const server = createServer(await /** @type {any} */ (hosts[name])(load, issuer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const { token, path = '/' } = ask(issuer)
  const headers = token ? { authorization: `Bearer ${token}` } : undefined
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`, headers && { headers })
  server.close()
  await issuer.close()
  return status
}
