// Writes the API reference to `site/dist/pages/api`: a page for every export of every package.
import { join, relative } from 'node:path'
import { Application, OptionDefaults } from 'typedoc'
import { MarkdownPageEvent } from 'typedoc-plugin-markdown'
import { root } from '../scripts/run.mjs'
import { entryPoints } from './entry-points.mjs'
import { staged } from './stage.mjs'

export const reference = join(staged, 'api')

/** @returns {Promise<boolean>} whether nothing was wrong */
export async function writeReference() {
  const entries = entryPoints()
  const app = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: entries.map(({ source }) => source),
    tsconfig: join(root, 'site', 'tsconfig.api.json'),
    // The packages find each other's sources, so that a type has one page to which all others link.
    compilerOptions: {
      paths: Object.fromEntries(entries.map(({ module, source }) => [module, [source]])),
    },
    ...options,
  })
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    const text = shortened(page.contents ?? '')
    page.contents = page.url === 'index.md' ? withDescriptions(text, entries) : text
  })
  const project = await app.convert()
  if (!project) return false
  nameModules(project, entries)
  app.validate(project)
  await app.generateOutputs(project)
  return !app.logger.hasErrors() && !app.logger.hasWarnings()
}

/**
 * Typedoc names modules by their files. Users know them by what they import.
 *
 * @param {import('typedoc').ProjectReflection} project
 * @param {{ module: string, source: string }[]} entries
 */
function nameModules(project, entries) {
  const names = new Map(entries.map(({ module, source }) => [fileName(source), module]))
  for (const child of project.children ?? []) {
    const name = names.get(child.name)
    if (name === undefined)
      throw new Error(`Typedoc has a module '${child.name}' without an entry point.`)
    child.name = name
  }
}

/** @type {(source: string) => string} */
const fileName = (source) =>
  relative(join(root, 'packages'), source)
    .replaceAll('\\', '/')
    .replace(/(?:\/index)?\.ts$/, '')

/**
 * The list of modules as a table that says what each package is.
 *
 * @type {(page: string, entries: import('./entry-points.mjs').EntryPoint[]) => string}
 */
function withDescriptions(page, entries) {
  const texts = new Map(entries.map(({ module, description }) => [module, description]))
  return page
    .replace(
      '## Modules\n\n',
      'A page for each export of each package.\n\n| module | what it is |\n|---|---|\n',
    )
    .replaceAll(/^- (\[(.*)\]\(.*\))$/gm, (_, link, module) => `| ${link} | ${texts.get(module)} |`)
}

/**
 * The page of a module has a heading for each name that it exports from another package. A list is enough.
 *
 * @type {(page: string) => string}
 */
const shortened = (page) =>
  page
    // Titles have a capital letter only at the start.
    .replaceAll(/^(#+ Type )([A-Z])/gm, (_, start, letter) => start + letter.toLowerCase())
    .replace('## References\n', '## Also exported\n')
    .replaceAll(
      /^### (\S+)\n\n(?:Renames and re|Re)-exports \[.*?\]\((.*)\)\n(?:\n\*\*\*\n)?\n?/gm,
      '- [$1]($2)\n',
    )

const options = {
  name: 'API reference',
  outputs: [{ name: 'markdown', path: reference }],
  readme: 'none',
  disableSources: true,
  excludeExternals: true,
  entryFileName: 'index.md',
  hidePageHeader: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  sanitizeComments: true,
  // Knip reads it.
  modifierTags: /** @type {`@${string}`[]} */ ([...OptionDefaults.modifierTags, '@alias']),
  externalSymbolLinkMappings: { '@types/node': { '*': 'https://nodejs.org/docs/latest/api/' } },
}
