// `node scripts/tool.mjs oxlint --fix`: sets up, then runs an installed tool.
import { setUp } from './setup.mjs'
import { run, tool } from './run.mjs'

const [name, ...args] = process.argv.slice(2)
if (!name) throw new Error('Usage: node scripts/tool.mjs <tool> [arguments]')
setUp()
process.exitCode = run(tool(name), args).ok ? 0 : 1
