// Writes the pages to `site/dist/pages`, from where VitePress reads them. Links between files of the repository
// become links between pages, so that the files keep working where the repository is displayed.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readAddress } from '../scripts/release/address.mjs'
import { withTargets } from '../scripts/release/links.mjs'
import { root } from '../scripts/run.mjs'
import { assets, pageFiles, pageOf, titleOf } from './pages.mjs'

/** Where VitePress writes the site. */
export const output = join(root, 'site', 'dist', 'html')
export const staged = join(root, 'site', 'dist', 'pages')

/**
 * The text of a page with links for the site. What is not on the site is linked in the repository, if its address is
 * known. Otherwise the text remains without a link.
 *
 * @type {(text: string, file: string, address: string | undefined) => string}
 */
export function sitePage(text, file, address) {
  return withTargets(text, file, ({ target, path, anchor }) => {
    if (!existsSync(join(root, path))) {
      throw new Error(`${file} links to '${target}', which does not exist.`)
    }
    const page = path === 'README.md' ? 'index' : pageOf(path)
    if (page !== undefined) return `/${page}.md${anchor}`
    const asset = assets.get(path)
    if (asset !== undefined) return `/${asset}`
    return address && `${address}/tree/HEAD/${path}${anchor}`
  })
}

/** @type {(file: string) => void} */
export function stagePage(file) {
  const target = join(staged, `${pageOf(file)}.md`)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, sitePage(readFileSync(join(root, file), 'utf8'), file, readAddress()))
}

/** Replaces all pages, except for the API reference. */
export function stage() {
  rmSync(staged, { recursive: true, force: true })
  for (const file of pageFiles()) stagePage(file)
  writeFileSync(join(staged, 'decisions', 'index.md'), decisionsPage())
  mkdirSync(join(staged, 'public'), { recursive: true })
  for (const [file, name] of assets) copyFileSync(join(root, file), join(staged, 'public', name))
}

/** A page that lists the decisions, which the repository lists as files. */
function decisionsPage() {
  const links = pageFiles()
    .filter((file) => file.startsWith('decisions/'))
    .map((file) => `- [${titleOf(file)}](/${pageOf(file)}.md)\n`)
  return `# Decisions\n\nWhy the project is built as it is, with the evidence.\n\n${links.join('')}`
}
