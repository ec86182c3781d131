// Verifies new tokens on the Node that runs this file. Prints the tables as JSON.
import { signatureOnly } from './contenders.mjs'
import { race, summarize } from './measure.mjs'
import { coldContenders } from '../functions.mjs'
import { algorithms, createSigner } from './tokens.mjs'

const { rounds, batch, warmUp } = JSON.parse(process.argv[2] ?? '{}')
/** The packages that must not be faster, and the signature alone. */
const names = [signatureOnly, 'ours', 'aws-jwt-verify', 'jose']

const tables = []
for (const algorithm of algorithms) {
  const signer = createSigner(algorithm)
  const tokens = Array.from({ length: batch }, () => signer.token())
  for (const inFlight of [1, 64]) {
    const contenders = coldContenders(signer, tokens).filter(({ name }) => names.includes(name))
    const costs = await race(contenders, { rounds, batch, inFlight, warmUp })
    const rows = summarize(costs, signatureOnly)
    tables.push({ algorithm, inFlight, rows })
  }
}
console.log(JSON.stringify({ node: process.versions.node, tables }))
