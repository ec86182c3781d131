// `npm run test:node-matrix`: the built packages on every Node we support. npx brings each Node from
// the npm registry, so this needs a network, and is no part of `npm test`.
import { run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const versions = ['20', '22', '24', '26']
const smoke = 'test/node-matrix/smoke.mjs'

setUp()
if (!run(tool('tsc'), ['-b']).ok) process.exit(1)

const rows = versions.map((version) => {
  const onNode = ['--yes', '--package', `node@${version}`, '--', 'node']
  const which = run('npx', [...onNode, '--version'], { quiet: true })
  if (!which.ok) return { version, exact: 'not to be had', ok: false, output: which.output }
  const { ok, output } = run('npx', [...onNode, smoke], { quiet: true })
  return { version, exact: which.stdout.trim(), ok, output }
})

console.log('node  version        result')
for (const { version, exact, ok } of rows) {
  console.log(`${version.padEnd(4)}  ${exact.padEnd(13)}  ${ok ? 'ok' : 'FAILED'}`)
}
for (const { version, ok, output } of rows)
  if (!ok) console.log(`\nNode ${version}:\n${output.trim()}`)
// A version that npx answered with another one would prove nothing.
const honest = rows.every(({ version, exact }) => exact.startsWith(`v${version}.`))
process.exitCode = honest && rows.every(({ ok }) => ok) ? 0 : 1
