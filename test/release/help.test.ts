import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, run } from '../../scripts/run.mjs'

// `npm run <name> -- --help` must not install, build, or change anything.

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>
}
const ours = Object.entries(scripts).flatMap(([name, command]) => {
  const [, file] = /^node (scripts\/(?!tool)[\w-]+\.mjs)/.exec(command) ?? []
  return file === undefined ? [] : [[name, file] as const]
})

describe('--help', () => {
  test.each(ours)('of npm run %s says what it does', (name, file) => {
    const { ok, output } = run(process.execPath, [join(root, file), '--help'], { quiet: true })
    expect(ok).toBe(true)
    expect(output).toContain(name === 'test' ? '`npm test`' : `\`npm run ${name}`)
    expect(output.trim().split('\n').length).toBeLessThan(10)
  })
})
