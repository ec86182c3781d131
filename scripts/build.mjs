// `npm run build`: compiles everything and bundles the packages.
import './help.mjs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** Types and examples come from tsc, the code of the packages from the bundler. */
export function build({ quiet = false } = {}) {
  const compiled = run(tool('tsc'), ['-b'], { quiet })
  if (!compiled.ok) return compiled
  return run(process.execPath, [join(root, 'scripts', 'bundle.mjs')], { quiet })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp({ forTests: false })
  process.exitCode = build().ok ? 0 : 1
}
