// Checks the built site: links and anchors, requests to other hosts, and the completeness of the API reference.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/**
 * The site as it was built: the text of each file, by its path from the top of the site.
 *
 * @typedef {ReadonlyMap<string, string>} Files
 */

/** @type {(folder: string) => Files} */
export function readSite(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const text = /\.(?:html|css|js|json|svg)$/
  return new Map(
    names.map((name) => [
      name.slice(folder.length + 1).replaceAll('\\', '/'),
      text.test(name) ? readFileSync(name, 'utf8') : '',
    ]),
  )
}

const script = /<script\b[^>]*>[\s\S]*?<\/script>/g
const link = /<a\b[^>]*?\shref="([^"]*)"/g
const anchor = /<[a-z][^>]*?\sid="([^"]*)"/g

/**
 * Links to pages that do not exist, and links to headings that their page does not have.
 *
 * @type {(files: Files) => string[]}
 */
export function deadLinks(files) {
  const pages = new Map(
    [...files]
      .filter(([path]) => path.endsWith('.html'))
      .map(([path, html]) => [path, html.replaceAll(script, '')]),
  )
  const anchors = new Map([...pages].map(([path, html]) => [path, new Set(matches(html, anchor))]))
  return [...pages].flatMap(([path, html]) =>
    [...new Set(matches(html, link))]
      .filter((target) => !/^[a-z][a-z\d+.-]*:/i.test(target))
      .filter((target) => isDead(target, { path, files, anchors }))
      .map((target) => `${path} links to '${target}'`),
  )
}

/** @type {(target: string, site: { path: string, files: Files, anchors: ReadonlyMap<string, Set<string>> }) => boolean} */
function isDead(target, { path, files, anchors }) {
  const [file = '', fragment] = target.split('#')
  const page = file === '' ? path : pathOf(file, path)
  if (!files.has(page)) return true
  return fragment !== undefined && !anchors.get(page)?.has(decodeURIComponent(fragment))
}

/** @type {(file: string, from: string) => string} */
function pathOf(file, from) {
  const path = decodeURIComponent(new URL(file, `http://localhost/${from}`).pathname.slice(1))
  return path === '' || path.endsWith('/') ? `${path}index.html` : path
}

/** @type {(text: string, pattern: RegExp) => string[]} */
const matches = (text, pattern) => [...text.matchAll(pattern)].map(([, found = '']) => found)

/** What makes a browser request something, by the extension of the file. @type {Readonly<Record<string, readonly RegExp[]>>} */
const requests = {
  html: [
    /<(?:script|img|source|iframe|embed|audio|video|track)\b[^>]*?\s(?:src|srcset)="([^"]*)"/g,
    /<(?:link|use|image)\b[^>]*?\s(?:href|xlink:href)="([^"]*)"/g,
    /<(?:object)\b[^>]*?\sdata="([^"]*)"/g,
    /url\(\s*["']?([^"')]*)/g,
  ],
  css: [/url\(\s*["']?([^"')]*)/g, /@import\s+["']([^"']*)/g],
  svg: [/\s(?:xlink:href|href|src)="([^"]*)"/g, /url\(\s*["']?([^"')]*)/g],
  js: [
    /\b(?:fetch|import|importScripts|Worker|WebSocket|EventSource|sendBeacon)\(\s*["'`]([^"'`]*)/g,
    /\bfrom\s*["']([^"']*)["']/g,
  ],
}

/**
 * What the site would request from other hosts. The policy of each page forbids such requests as well.
 *
 * @type {(files: Files) => string[]}
 */
export function foreignRequests(files) {
  return [...files].flatMap(([path, text]) => {
    const patterns = requests[posix.extname(path).slice(1)] ?? []
    const prose = path.endsWith('.html') ? withoutText(text) : text
    return patterns
      .flatMap((pattern) => matches(prose, pattern))
      .filter((target) => /^(?:[a-z]+:)?\/\//i.test(target))
      .map((target) => `${path} requests '${target}'`)
  })
}

/** Only the tags, because examples of code contain addresses. @type {(html: string) => string} */
const withoutText = (html) => html.replaceAll(/>[^<]*/g, '>')

/** Pages whose policy is missing or allows other hosts. @type {(files: Files) => string[]} */
export function pagesWithoutPolicy(files) {
  const policy = /<meta http-equiv="Content-Security-Policy" content="default-src 'self';/
  return [...files]
    .filter(([path, html]) => path.endsWith('.html') && !policy.test(html))
    .map(([path]) => `${path} has no Content Security Policy`)
}

const linkText = /<a\b[^>]*?\shref="[^"#]*\.html"[^>]*>([\w$]+)<\/a>/g

/**
 * Exports without a page of their own, and without a link from their module to the page of the package that defines
 * them.
 *
 * @param {ReadonlyMap<string, readonly string[]>} exports the names that each module exports
 * @param {Files} files
 * @returns {string[]}
 */
export function undocumented(exports, files) {
  return [...exports].flatMap(([module, names]) => {
    const page = files.get(`api/${module}/index.html`)
    if (page === undefined) return [`${module} has no page`]
    const linked = new Set(matches(page.replaceAll(script, ''), linkText))
    return names
      .filter((name) => !linked.has(name))
      .map((name) => `${name} of ${module} has no page`)
  })
}
