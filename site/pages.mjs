// Which Markdown of the repository becomes which page of the site, and where the navigation lists it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/run.mjs'

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {readonly (string | RegExp)[]} files paths in the repository, in the order of the navigation
 * @property {readonly Link[]} [links] to parts of pages that another section lists
 *
 * @typedef {{ text: string, file: string, anchor?: string }} Link
 */

/** A page that no section lists fails the build. @type {readonly Section[]} */
export const sections = [
  {
    title: 'Start',
    files: ['docs/getting-started.md', 'docs/packages.md', /^docs\/migrating/],
  },
  {
    title: 'Guides',
    files: [
      'docs/audience.md',
      'docs/delegation.md',
      'docs/next-hop.md',
      'docs/bound-tokens.md',
      'docs/credentials.md',
      'docs/revocation.md',
      'docs/introspection.md',
      'docs/key-sets.md',
      'docs/tenants.md',
      'docs/challenges.md',
      'docs/redis.md',
      'docs/testing.md',
    ],
    links: [
      { text: 'Jest', file: 'docs/troubleshooting.md', anchor: '#jest' },
      { text: 'NestJS', file: 'packages/nestjs/README.md' },
      { text: 'MCP servers', file: 'packages/mcp/README.md' },
    ],
  },
  {
    title: 'Deployment',
    files: ['docs/internal-address.md', 'docs/proxies.md', 'docs/kubernetes.md'],
  },
  { title: 'Providers', files: [/^docs\/providers\//] },
  { title: 'Recipes', files: ['docs/recipes.md', /^docs\/recipes/] },
  { title: 'Diagnosis', files: ['docs/diagnose.md', 'docs/codes.md', 'docs/troubleshooting.md'] },
  { title: 'Packages', files: [/^packages\/[^/]+\/README\.md$/] },
  { title: 'Performance', files: ['docs/performance.md'] },
  {
    title: 'Security',
    files: ['SECURITY.md', /^docs\/security\//, 'docs/real-servers.md'],
  },
  { title: 'Examples', files: [/^examples\/[^/]+\/README\.md$/] },
  {
    title: 'Project',
    files: ['ARCHITECTURE.md', 'CONTRIBUTING.md', '.changeset/README.md'],
  },
  { title: 'Decisions', files: [/^decisions\//] },
]

/** Titles in the navigation that are not the first heading of the page. */
const titles = new Map([
  ['docs/getting-started.md', 'Start in five minutes'],
  ['docs/internal-address.md', 'Docker and Kubernetes addresses'],
  ['docs/key-sets.md', 'Outages and key sets'],
])

/** The first row that matches names the page. @type {readonly [file: RegExp, page: string][]} */
const places = [
  [/^site\/([\w-]+)\.md$/, '$1'],
  [/^docs\/(.+)\.md$/, '$1'],
  [/^packages\/([\w-]+)\/README\.md$/, 'packages/$1'],
  [/^examples\/([\w-]+)\/README\.md$/, 'examples/$1'],
  [/^decisions\/(.+)\.md$/, 'decisions/$1'],
  [/^SECURITY\.md$/, 'security/overview'],
  [/^ARCHITECTURE\.md$/, 'project/architecture'],
  [/^CONTRIBUTING\.md$/, 'project/contributing'],
  [/^\.changeset\/README\.md$/, 'project/releases'],
]

/** Files that are published as they are. */
export const assets = new Map([
  ['docs/performance.svg', 'performance.svg'],
  ['docs/trace.svg', 'trace.svg'],
  ['site/icon.svg', 'icon.svg'],
  ['packages/core/schema/decision-record.json', 'decision-record.json'],
])

/**
 * The page of a file, without its extension, or `undefined` if the file is not a page.
 *
 * @type {(file: string) => string | undefined}
 */
export function pageOf(file) {
  const place = places.find(([pattern]) => pattern.test(file))
  return place && file.replace(...place)
}

/** The files of all pages, as paths in the repository. @returns {string[]} */
export function pageFiles() {
  return markdownIn('').filter((file) => pageOf(file) !== undefined)
}

const ignored = /^(?:\.git|node_modules|dist|coverage|CHANGELOG\.md)$/

/** @type {(folder: string) => string[]} */
function markdownIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !ignored.test(name))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) return markdownIn(path)
      return path.endsWith('.md') ? [path] : []
    })
    .toSorted()
}

/**
 * The sections with their pages. A file belongs to the first section that lists it.
 *
 * @param {readonly string[]} files
 * @returns {{ title: string, files: string[], links: readonly Link[] }[]}
 */
export function navigation(files) {
  const left = new Set(files)
  return sections.map(({ title, files: listed, links = [] }) => {
    const found = listed.flatMap((one) =>
      [...left].filter((file) => (typeof one === 'string' ? file === one : one.test(file))),
    )
    const own = [...new Set(found)]
    for (const file of own) left.delete(file)
    return { title, files: own, links }
  })
}

/** The pages of `docs/` and the like that no section lists. @type {(files: readonly string[]) => string[]} */
export function unlisted(files) {
  const listed = new Set(navigation(files).flatMap((section) => section.files))
  return files.filter((file) => !listed.has(file) && !file.startsWith('site/'))
}

/** What the navigation calls a page. @type {(file: string) => string} */
export function titleOf(file) {
  const [, heading = file] = /^# (.+)$/m.exec(readFileSync(join(root, file), 'utf8')) ?? []
  return titles.get(file) ?? heading.replaceAll('`', '')
}
