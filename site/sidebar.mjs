// The navigation of the site: the sections of `pages.mjs`, the decisions, and the modules of the API reference.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { navigation, pageFiles, pageOf, titleOf } from './pages.mjs'
import { staged } from './stage.mjs'

/** @typedef {{ text: string, link?: string, target?: string, items?: Item[] }} Item */

const files = pageFiles()

/** @type {(file: string) => Item} */
const item = (file) => ({ text: titleOf(file), link: `/${pageOf(file)}` })

const sections = navigation(files).map(({ title, files: listed, links }) => ({
  text: title,
  items: [
    ...listed.map(item),
    ...links.map(({ text, file, anchor = '' }) => ({ text, link: `/${pageOf(file)}${anchor}` })),
  ],
}))
const isDecisions = (/** @type {Item} */ { text }) => text === 'Decisions'

/** @type {Item} */
const reference = {
  text: 'Reference',
  items: [
    { text: 'API', link: '/api/' },
    { text: 'Decisions', link: '/decisions/' },
    // The live page may connect to issuers. Its policy holds only if the browser loads it as a document.
    { text: 'Live', link: '/live', target: '_self' },
  ],
}

/** Lists the members of a module, which typedoc sorts into folders by kind. @type {(folder: string) => Item[]} */
function membersOf(folder) {
  return kinds.flatMap((kind) =>
    namesIn(join(folder, kind))
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.slice(0, -'.md'.length))
      .map((name) => ({ text: name, link: `/${folder}/${kind}/${name}` })),
  )
}

const kinds = ['functions', 'classes', 'variables', 'interfaces', 'type-aliases']

/** @type {(folder: string) => string[]} */
function namesIn(folder) {
  try {
    return readdirSync(join(staged, folder)).toSorted()
  } catch {
    return []
  }
}

/** @type {(module: string) => [path: string, items: Item[]]} */
const moduleSidebar = (module) => [
  `/api/${module}/`,
  [
    { text: 'API reference', link: '/api/' },
    {
      text: module.split('/').slice(1).join('/'),
      link: `/api/${module}/`,
      items: membersOf(`api/${module}`),
    },
  ],
]

/**
 * For each path, what is next to its pages. The longest path that matches is used, so no page repeats all others.
 *
 * @type {(modules: readonly string[]) => Record<string, Item[]>}
 */
export function sidebars(modules) {
  return {
    '/': [...sections.filter((section) => !isDecisions(section)), reference],
    '/decisions/': sections.filter(isDecisions),
    '/api/': [
      {
        text: 'API reference',
        items: modules.map((name) => ({
          text: name.split('/').slice(1).join('/'),
          link: `/api/${name}/`,
        })),
      },
    ],
    ...Object.fromEntries(modules.map(moduleSidebar)),
  }
}
