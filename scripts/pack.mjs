// `npm run pack`: builds, and writes the tarballs of the packages to `tarballs/`, for projects that use
// them before they are published.
import { relative } from 'node:path'
import { packAll, published, tarballOf } from './packages.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

setUp()
const ready = run(tool('tsc'), ['-b']).ok
const packed = ready && packAll(`${root}/tarballs`)
if (packed && packed.ok) {
  for (const { name, folder } of published) {
    console.log(`${name}  ${relative(process.cwd(), tarballOf(folder, `${root}/tarballs`))}`)
  }
} else {
  if (packed) console.error(packed.output)
  process.exitCode = 1
}
