import process from 'node:process'
import { play } from './demo/play.ts'
import { Report } from './demo/report.ts'

const allAsExpected = await play(new Report(process.stdout, process.env['NO_COLOR']))

// No process.exit: that everything was closed shows in the process ending by itself.
process.exitCode = allAsExpected ? 0 : 1
