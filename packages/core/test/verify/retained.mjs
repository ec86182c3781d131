// Verifies a token, drops it, and searches all strings of the heap for it. Prints the number of matches.
import { getHeapSnapshot } from 'node:v8'
import { createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'

const issuer = await createTestIssuer()
const verifier = createVerifier({ issuer: issuer.url, audience: 'order-service' })
const kept = []

async function verifyAndDrop() {
  // A long claim, because short strings are always copied.
  const claims = { note: `the-claim-${'x'.repeat(64)}` }
  const token = issuer.token({ aud: 'order-service', scope: 'orders:read orders:write', claims })
  for (let at = 0; at < 3; at += 1) await verifier.verify(token)
  if (process.argv[2] === 'kept') kept.push(token)
}

await verifyAndDrop()
await issuer.close()
// Node keeps the last awaited value for a few turns of the event loop.
for (let at = 0; at < 5; at += 1) await new Promise((resolve) => setImmediate(resolve))
globalThis.gc?.()

let text = ''
for await (const chunk of getHeapSnapshot()) text += chunk
const { strings } = JSON.parse(text)
const count = (/** @type {RegExp} */ pattern) =>
  strings.filter((/** @type {string} */ string) => pattern.test(string)).length
const found = { tokens: count(/eyJ[\w-]{20,}\.eyJ[\w-]{20,}/), claims: count(/^the-claim-x{64}$/) }
process.stdout.write(JSON.stringify(found))
