import process from 'node:process'
import { wishesOf } from './demo/arguments.ts'
import { play } from './demo/play.ts'
import { Report } from './demo/report.ts'

const { trace, startServer } = wishesOf(process.argv.slice(2))
const report = new Report(process.stdout, process.env['NO_COLOR'])
const allAsExpected = await play(report, trace?.draw, startServer)
if (trace) console.log(`\nAll decisions as a picture: ${trace.file}`)

// No process.exit: that everything was closed shows in the process ending by itself.
process.exitCode = allAsExpected ? 0 : 1
