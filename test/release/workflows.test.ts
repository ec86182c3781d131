import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../scripts/run.mjs'

const folder = join(root, '.github', 'workflows')
const workflows = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(join(folder, name), 'utf8'),
}))

describe.each(workflows)('$name', ({ text }) => {
  const lines = text.split('\n')

  test('pins each action by its commit, and names the version', () => {
    const uses = lines.filter((line) => /\buses:/.test(line))
    expect(uses).not.toEqual([])
    expect(
      uses.filter((line) => !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),
    ).toEqual([])
  })

  test('leaves no credentials in a checkout', () => {
    const checkouts = lines.filter((line) => line.includes('uses: actions/checkout@'))
    const without = lines.filter((line) => line.trim() === 'persist-credentials: false')
    expect(without).toHaveLength(checkouts.length)
  })

  test('limits the time of each job', () => {
    const jobs = lines.filter((line) => line.trim().startsWith('runs-on:'))
    const limits = lines.filter((line) => line.trim().startsWith('timeout-minutes:'))
    expect(limits).toHaveLength(jobs.length)
  })
})

/** The jobs of a workflow, by name. */
function jobsOf(name: string): Record<string, string> {
  const text = workflows.find((workflow) => workflow.name === name)?.text ?? ''
  const jobs = text.slice(text.indexOf('\njobs:\n') + '\njobs:\n'.length).split(/^ {2}(?=\w+:$)/m)
  return Object.fromEntries(
    jobs.filter(Boolean).map((job) => [job.slice(0, job.indexOf(':')), job]),
  )
}

describe('the release workflow', () => {
  const { verify = '', publish = '', announce = '' } = jobsOf('release.yml')

  test('publishes after the tests, the demo and the rehearsal', () => {
    for (const command of ['npm test', 'npm run demo', 'npm run rehearse']) {
      expect(verify).toContain(`run: ${command}\n`)
    }
    expect(publish).toContain('needs: verify')
    expect(publish).toContain('run: npm run release\n')
    expect(announce).toContain('needs: publish')
  })

  test('can sign in the job that publishes, and nowhere else', () => {
    expect(publish).toContain('id-token: write')
    expect(verify + announce).not.toContain('id-token')
  })

  test('can write to the repository only in the job that announces', () => {
    expect(announce).toContain('contents: write')
    expect(verify + publish).not.toContain('contents: write')
  })
})

test('the continuous integration runs the tests on Linux, Windows and macOS', () => {
  const { test: linux = '', windows = '', macos = '' } = jobsOf('ci.yml')
  for (const [job, system] of [
    [linux, 'ubuntu-latest'],
    [windows, 'windows-latest'],
    [macos, 'macos-latest'],
  ] as const) {
    expect(job).toContain(`runs-on: ${system}`)
    expect(job).toContain('run: npm test\n')
  }
})

test('CONTRIBUTING.md and the README of changesets name the commands that exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const page of ['CONTRIBUTING.md', '.changeset/README.md']) {
    const text = readFileSync(join(root, page), 'utf8')
    const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(commands).toContain('release:version')
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
  }
})
