#!/usr/bin/env node
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  write: (text) => void process.stdout.write(text),
  warn: (text) => void process.stderr.write(text),
  color: process.stdout.isTTY && !process.env['NO_COLOR'],
  isInteractive: process.stdin.isTTY,
})
