// `node scripts/tool.mjs oxlint --fix`: sets up, then runs one of the installed tools.
import { setUp } from './setup.mjs'
import { run, tool } from './run.mjs'

const [name, ...args] = process.argv.slice(2)
if (!name) throw new Error('Say which tool: node scripts/tool.mjs <tool> [arguments]')
setUp({ forTests: false })
process.exitCode = run(tool(name), args).ok ? 0 : 1
