// Links in Markdown. A relative link works in the repository and nowhere else, so the pages of a
// packed package get absolute links, or plain text while the address of the repository is unknown.
import { posix } from 'node:path'

/**
 * @typedef {object} Link
 * @property {'link' | 'image' | 'definition' | 'html'} kind
 * @property {number} start offset of its first character
 * @property {number} end offset after its last character
 * @property {string} label what is shown; for an image, its alternative text
 * @property {string} target
 */

const inline =
  /(!?)\[((?:[^[\]]|\[[^[\]]*\](?:\([^()]*\))?)*)\]\(\s*<?([^()<>\s]*(?:\([^()\s]*\)[^()<>\s]*)*)>?(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g
const definition = /^ {0,3}\[([^\]]+)\]:\s+<?([^\s>]+)/gm
const html = /<(?:a|img)\s[^>]*?(?:href|src)\s*=\s*["']?([^"'\s>]+)/gi

/**
 * All links of a page, outside of code. A link inside another one's label, such as an image that
 * links, is found as part of the label only.
 *
 * @type {(text: string) => Link[]}
 */
export function linksOf(text) {
  const prose = withoutCode(text)
  /** @type {(kind: Link['kind'], match: RegExpExecArray, label: string, target?: string) => Link} */
  const link = (kind, { 0: whole, index }, label, target = '') => {
    // The label as it is written: `prose` has blanks for code.
    const start = text.indexOf('[', index) + 1
    const shown = label && text.slice(start, start + label.length)
    return { kind, start: index, end: index + whole.length, label: shown, target }
  }
  return [
    ...[...prose.matchAll(inline)].map((match) =>
      link(match[1] ? 'image' : 'link', match, match[2] ?? '', match[3]),
    ),
    ...[...prose.matchAll(definition)].map((match) =>
      link('definition', match, match[1] ?? '', match[2]),
    ),
    ...[...prose.matchAll(html)].map((match) => link('html', match, '', match[1])),
  ]
}

/** All that a page links to, in labels too. @type {(text: string) => string[]} */
export function targetsOf(text) {
  return linksOf(text).flatMap(({ label, target }) => [target, ...targetsOf(label)])
}

/** The same page with code blanked out, so that offsets stay. @type {(text: string) => string} */
function withoutCode(text) {
  const blank = (/** @type {string} */ code) => code.replaceAll(/[^\n]/g, '\u0000')
  return text
    .replaceAll(/^ {0,3}(```+|~~~+)[^\n]*\n(?:[\s\S]*?^ {0,3}\1[^\n]*$|[\s\S]*$)/gm, blank)
    .replaceAll(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, blank)
}

/** Leads to a place in the repository, and only there. @type {(target: string) => boolean} */
export function isRelative(target) {
  return !/^(?:[a-z][a-z\d+.-]*:|\/\/|#)/i.test(target)
}

/**
 * The anchors of a page: its headings as GitHub names them, and `id`s.
 *
 * @type {(text: string) => Set<string>}
 */
export function anchorsOf(text) {
  const prose = text.replaceAll(/^ {0,3}(```+|~~~+)[\s\S]*?^ {0,3}\1[^\n]*$/gm, '')
  /** @type {Map<string, number>} */
  const seen = new Map()
  const anchors = new Set(
    [...prose.matchAll(/\s(?:id|name)=["']([^"']+)["']/g)].map(([, id = '']) => id),
  )
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = slugOf(heading)
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    anchors.add(before === 0 ? slug : `${slug}-${before}`)
  }
  return anchors
}

/** @type {(heading: string) => string} */
function slugOf(heading) {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/**
 * Links of a page into the repository that lead nowhere: a file that does not exist, a heading that
 * its page does not have, or a path that only GitHub's own pages resolve.
 *
 * @param {string} text
 * @param {{ page: string, exists: (path: string) => boolean, read: (path: string) => string }} repository
 *   paths are relative to the top of the repository, with slashes
 * @returns {string[]} their targets
 */
export function deadLinks(text, { page, exists, read }) {
  /** @type {(target: string) => boolean} */
  const isDead = (target) => {
    const [path = '', anchor] = target.split('#')
    const resolved = path === '' ? page : posix.join(posix.dirname(page), path)
    if (path.startsWith('/') || resolved.startsWith('..') || !exists(resolved)) return true
    if (anchor === undefined || !resolved.endsWith('.md')) return false
    return !anchorsOf(resolved === page ? text : read(resolved)).has(anchor)
  }
  return targetsOf(text).filter(
    (target) => (isRelative(target) || target.startsWith('#')) && isDead(target),
  )
}

/**
 * @callback UrlOf
 * @param {{ target: string, path: string, kind: 'link' | 'image', anchor: string }} link `path` is relative to the top of the
 *   repository; `anchor` is empty or starts with `#`
 * @returns {string | undefined} the new target, or `undefined` to leave the text without a link
 */

/**
 * The page with other targets for its relative links.
 *
 * @param {string} text
 * @param {string} page the page's path in the repository, with slashes
 * @param {UrlOf} urlOf
 * @returns {string}
 * @throws if a relative link leaves the repository, or is of a form that is not rewritten
 */
export function withTargets(text, page, urlOf) {
  const relative = linksOf(text).filter(({ target }) => isRelative(target))
  return relative
    .toSorted((one, another) => another.start - one.start)
    .reduce(
      (all, link) =>
        all.slice(0, link.start) + rewrittenLink(link, page, urlOf) + all.slice(link.end),
      text,
    )
}

/** @type {(link: Link, page: string, urlOf: UrlOf) => string} */
function rewrittenLink({ kind, label, target }, page, urlOf) {
  if (kind === 'definition' || kind === 'html') {
    throw new Error(`${page} links to '${target}'. Write it as [text](${target}), to be rewritten.`)
  }
  const shown = kind === 'image' ? label : withTargets(label, page, urlOf)
  const [, file = '', anchor = ''] = /^([^#]*)(#.*)?$/.exec(target) ?? []
  const path = posix.join(posix.dirname(page), file)
  if (file.startsWith('/') || path.startsWith('..')) throw missing(page, target)
  const url = urlOf({ target, path, kind, anchor })
  return url === undefined ? shown : `${kind === 'image' ? '!' : ''}[${shown}](${url})`
}

/** @type {(page: string, target: string) => Error} */
const missing = (page, target) => new Error(`${page} links to '${target}', which does not exist.`)

/**
 * @typedef {object} Place
 * @property {string} page the page's path in the repository, with slashes
 * @property {string | undefined} address the repository's, or `undefined` while it is unknown
 * @property {string} version links lead to the tag of this version
 * @property {(path: string) => 'file' | 'folder' | undefined} kindOf what is at a path in the repository
 */

/**
 * A page as it is published.
 *
 * @param {string} text
 * @param {Place} place
 * @returns {string}
 * @throws if a relative link leads nowhere, or is of a form that is not rewritten
 */
export function publishedPage(text, { page, address, version, kindOf }) {
  return withTargets(text, page, ({ target, path, kind, anchor }) => {
    const what = kindOf(path)
    if (!what) throw missing(page, target)
    if (address === undefined) return undefined
    const view = kind === 'image' ? 'raw' : { file: 'blob', folder: 'tree' }[what]
    return `${address}/${view}/v${version}/${path.replace(/\/$/, '')}${anchor}`
  })
}
