// Prints the comment at the top of a script and ends it, if it was started with `--help`. Import it first.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const [, script = '', ...args] = process.argv
const isScript = dirname(script) === dirname(fileURLToPath(import.meta.url))
if (isScript && args.includes('--help')) {
  const [comment = ''] = /^(?:\/\/.*\n)+/.exec(readFileSync(script, 'utf8')) ?? []
  process.stdout.write(comment.replaceAll(/^\/\/ ?/gm, ''))
  process.exit()
}
