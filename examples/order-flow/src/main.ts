import process from 'node:process'
import { play } from './demo/play.ts'
import { Report } from './demo/report.ts'
import { traceFrom } from './demo/trace.ts'

const trace = traceFrom(process.argv.slice(2))
const allAsExpected = await play(new Report(process.stdout, process.env['NO_COLOR']), trace?.draw)
if (trace) console.log(`\nAll decisions as a picture: ${trace.file}`)

// No process.exit: that everything was closed shows in the process ending by itself.
process.exitCode = allAsExpected ? 0 : 1
