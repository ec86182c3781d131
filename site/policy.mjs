// The Content Security Policy of the pages. Browsers enforce it, so no page can load anything from another host.
import { createHash } from 'node:crypto'

/** The only page that may connect to other hosts: it fetches the key set of an issuer if a user asks for it. */
const livePage = /live\.html$/
const issuers = 'https: http://localhost:* http://127.0.0.1:*'

/**
 * The page with its policy. Inline scripts run only if they are part of the build.
 *
 * @type {(html: string, file: string) => string}
 */
export function withPolicy(html, file) {
  const scripts = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)]
  const hashes = scripts.map(([, code = '']) => `'sha256-${sha256(code)}'`)
  const policy = [
    "default-src 'self'",
    ["script-src 'self'", ...new Set(hashes)].join(' '),
    // The colors of code are in style attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `connect-src 'self'${livePage.test(file) ? ` ${issuers}` : ''}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return html.replace(
    '<head>',
    `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`,
  )
}

/** @type {(text: string) => string} */
const sha256 = (text) => createHash('sha256').update(text).digest('base64')
