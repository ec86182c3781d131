// The copy of the project that the rehearsal versions and releases.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { published } from '../../packages.mjs'
import { root, run } from '../../run.mjs'
import { isChangeset } from '../checks.mjs'
import { check, inTime, must } from './checks.mjs'

/** @type {(copy: string, ...args: string[]) => ReturnType<typeof run>} */
export function git(copy, ...args) {
  const identity = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost']
  const unsigned = ['-c', 'commit.gpgsign=false', '-c', 'tag.gpgsign=false']
  return inTime('git', [...identity, ...unsigned, ...args], { cwd: copy })
}

/**
 * Copies all that git has or would add, and commits it in a repository of its own.
 *
 * @type {(copy: string) => void} `copy` is a folder that does not exist yet
 */
export function copyProject(copy) {
  const all = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = run('git', all, { quiet: true })
  if (!listed.ok) throw new Error(listed.output)
  for (const path of listed.stdout.split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    copyFileSync(join(root, path), join(copy, path))
  }
  writeAddress(copy, null)
  must('the copy is a repository', git(copy, 'init', '--quiet', '--initial-branch', 'main'))
  commitAll(copy, 'Rehearsal')
}

/** @type {(copy: string, title: string) => void} */
export function commitAll(copy, title) {
  must(`git add, for '${title}'`, git(copy, 'add', '--all'))
  must(`git commit, for '${title}'`, git(copy, 'commit', '--quiet', '--message', title))
}

/** @type {(copy: string, repository: string | null) => void} */
export function writeAddress(copy, repository) {
  writeFileSync(join(copy, 'release.json'), `${JSON.stringify({ repository })}\n`)
}

/** @type {(copy: string) => string} the version that all packages of the copy have now */
export function version(copy) {
  const changesets = join(copy, '.changeset')
  // Right after a release there is none.
  if (!readdirSync(changesets).some(isChangeset)) {
    const text = `---\n'${published[0]?.name}': patch\n---\n\nA rehearsal.\n`
    writeFileSync(join(changesets, 'rehearsal.md'), text)
  }
  must('npm run release:version', inTime('npm', ['run', 'release:version'], { cwd: copy }))
  const folders = published.map(({ folder }) => join(copy, 'packages', folder))
  const versions = folders.map((folder) => readManifest(folder).version)
  const [first = ''] = versions
  const same = first !== '0.0.0' && versions.every((one) => one === first)
  check('all packages have the same new version', same, versions.join(', '))
  const without = folders.filter((folder) => {
    const changelog = join(folder, 'CHANGELOG.md')
    return !existsSync(changelog) || !readFileSync(changelog, 'utf8').includes(`## ${first}\n`)
  })
  check('all packages have a changelog of it', without.length === 0, without.join('\n'))
  return first
}

/** @type {(directory: string) => any} */
export function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}
