import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTestIssuer } from '@resource-server/testing'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { certificateOf } from '../security/fixtures/certificate.ts'
import { keyOf } from '../security/fixtures/keys.ts'
import { cli, moduleFile } from './cli.ts'

const pair = keyOf('ES256', 'P-256', 'key-1')
const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })

/** As in a certificate (X.680 section 47): `491231235959Z`. */
const dateIn = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, '')
    .slice(2, 14)}Z`

/** Starts an issuer with TLS. Its documents are those of a test issuer. */
async function startIssuer(cert: string, more: ServerOptions = {}): Promise<string> {
  const server = createServer({ key, cert, ...more }, (request, response) => {
    void fetch(inner.origin + request.url).then(async (answer) => {
      response.writeHead(answer.status).end(await answer.text())
    })
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const inner = await createTestIssuer({ issuer: url, metadata: { jwks_uri: `${url}/jwks` } })
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await inner.close()
  })
  return url
}

const doctor = (url: string) => cli(['doctor', '--issuer', url, '--audience', 'order-service'])

test.each([
  [
    'a self-signed certificate',
    certificateOf(pair),
    {},
    /^✘ TLS .*the certificate is self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n +→ .*NODE_EXTRA_CA_CERTS/m,
  ],
  [
    'a chain that is incomplete',
    readFileSync(join(root, 'packages/exchange/test/tls/good.pem'), 'utf8'),
    { key: readFileSync(join(root, 'packages/exchange/test/tls/good.pem'), 'utf8') },
    /^✘ TLS .*incomplete \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\n +→ Have the server send its intermediate/m,
  ],
  [
    'a server that is too old',
    certificateOf(pair),
    { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const,
    /^✘ TLS .*\n +→ Have the server offer TLS 1\.2 or 1\.3\.$/m,
  ],
])('doctor names %s', async (_what, cert, more, expected) => {
  const { code, out } = await doctor(await startIssuer(cert, more))
  expect(out).toMatch(expected)
  expect(code).toBe(1)
})

/** Runs the command in a process that trusts the certificate. */
async function trusting(cert: string): Promise<string> {
  const url = await startIssuer(cert)
  const main = join(root, 'packages/cli/dist/main.js')
  const child = spawn(process.execPath, [main, 'doctor', '--issuer', url], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: moduleFile(cert) },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return text(child.stdout)
}

test('doctor examines certificates that it trusts', async () => {
  const expected = [
    [
      certificateOf(pair),
      /^✔ TLS +127\.0\.0\.1:\d+, TLSv1\.3, certificate of test, issued by test, valid until 2049-12-31$/m,
    ],
    [certificateOf(pair, { until: dateIn(5.5) }), /^! TLS +the certificate expires in 5 days$/m],
    [
      certificateOf(pair, { until: dateIn(-1) }),
      /^✘ TLS .*the certificate has expired \(CERT_HAS_EXPIRED\)$/m,
    ],
    [
      certificateOf(pair, { address: [127, 0, 0, 2] }),
      /^✘ TLS .*the certificate is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/m,
    ],
  ] as const
  // At the same time, because each is a process.
  const outputs = await Promise.all(expected.map(([cert]) => trusting(cert)))
  for (const [at, [, line]] of expected.entries()) expect(outputs[at]).toMatch(line)
  expect(outputs[0]).toMatch(/^✔ keys +1 usable$/m)
})
