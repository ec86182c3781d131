// `npm run pack`: builds, and writes the tarballs of the packages to `tarballs/`, for projects that use
// them before they are published. Prints the line that installs each of them.
import './help.mjs'
import { join } from 'node:path'
import { installLine, packAll, published } from './packages.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const tarballs = join(root, 'tarballs')

setUp({ forTests: false })
const built = run(tool('tsc'), ['-b'])
const packed = built.ok ? packAll(tarballs) : built
if (packed.ok) {
  console.log("Run one of these lines in your project's folder:")
  for (const { name } of published) console.log(`\n# ${name}\n${installLine(name, tarballs)}`)
} else {
  console.error(packed.output)
  process.exitCode = 1
}
