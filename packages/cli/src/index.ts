export { run } from './run.ts'
export { type ExitCode, exitCodes, type Terminal } from './terminal.ts'
