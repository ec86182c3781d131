import process from 'node:process'
import { parseDemoOptions } from './demo/arguments.ts'
import { Report } from './demo/report.ts'
import { runDemo } from './demo/run-demo.ts'

const { trace, startServer } = parseDemoOptions(process.argv.slice(2))
const report = new Report(process.stdout, process.env['NO_COLOR'])
const passed = await runDemo(report, trace?.draw, startServer)
if (trace) console.log(`\nWrote the trace of all decisions to ${trace.file}`)

// No process.exit: the process ends by itself, which shows that everything was closed.
process.exitCode = passed ? 0 : 1
