// `npm run test:node-matrix`: loads the built packages on every supported version of Node. npx installs each
// Node from the npm registry, so this needs network access and is not part of `npm test`.
import './help.mjs'
import { run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const versions = ['20', '22', '24', '26']
/** They must fail with a message that says which version is needed. */
const tooOld = ['18', '20.18.3']
const smoke = 'test/node-matrix/smoke.mjs'

setUp()
if (!run(tool('tsc'), ['-b']).ok) process.exit(1)

const rows = versions.map((version) => {
  const onNode = ['--yes', '--package', `node@${version}`, '--', 'node']
  const which = run('npx', [...onNode, '--version'], { quiet: true })
  if (!which.ok) return { version, exact: 'unavailable', ok: false, output: which.output }
  const { ok, output } = run('npx', [...onNode, smoke], { quiet: true })
  return { version, exact: which.stdout.trim(), ok, output }
})
for (const version of tooOld) {
  const onNode = ['--yes', '--package', `node@${version}`, '--', 'node']
  const { ok, output } = run('npx', [...onNode, smoke], { quiet: true })
  const [, exact = 'unavailable'] =
    /needs Node\.js .* This is Node\.js ([\d.]+)\./.exec(output) ?? []
  rows.push({ version, exact: `v${exact}`, ok: !ok && exact.startsWith(version), output })
}

console.log('node     version        result')
for (const { version, exact, ok } of rows) {
  console.log(`${version.padEnd(7)}  ${exact.padEnd(13)}  ${ok ? 'ok' : 'FAILED'}`)
}
for (const { version, ok, output } of rows)
  if (!ok) console.log(`\nNode ${version}:\n${output.trim()}`)
// If npx ran a different version, the result would be meaningless.
const versionsMatch = rows.every(({ version, exact }) => `${exact}.`.startsWith(`v${version}.`))
process.exitCode = versionsMatch && rows.every(({ ok }) => ok) ? 0 : 1
