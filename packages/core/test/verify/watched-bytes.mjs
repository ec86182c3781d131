// Prints the memory that 100,000 watched tokens take, in bytes. Run with --expose-gc.
import { createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'

const count = 100_000
const issuer = await createTestIssuer()
const verifier = createVerifier({ issuer: issuer.url, audience: 'orders', clock: issuer.clock })
const verified = []
for (let at = 0; at < 1000; at += 1) {
  // oxlint-disable-next-line no-await-in-loop -- tokens that end in different seconds
  verified.push(await verifier.verify(issuer.token({ aud: 'orders', expiresIn: 60 + (at % 3600) })))
}

const used = () => {
  for (let times = 0; times < 3; times += 1) globalThis.gc()
  return process.memoryUsage().heapUsed
}

/** A connection has a callback of its own. */
const connections = Array.from({ length: count }, (_, at) => ({ ended: false, at }))
const watches = Array.from({ length: count })
const before = used()
for (const connection of connections) {
  const onEnd = () => void (connection.ended = true)
  watches[connection.at] = verifier.watch(verified[connection.at % verified.length], onEnd)
}
const bytes = used() - before
issuer.clock.advance(3600 + 60 + 10)
const ended = connections.filter((connection) => connection.ended).length
process.stdout.write(
  JSON.stringify({ bytes, ended, active: watches.filter((watch) => watch.isActive()).length }),
)
await issuer.close()
