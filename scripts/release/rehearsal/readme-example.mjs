// The Express example of the README, made ready to run against an issuer and on a port of our own.

/**
 * @typedef {object} Example
 * @property {string} code an ES module; it reads `ISSUER` and `PORT` from the environment
 * @property {string} audience
 * @property {string} scope
 * @property {string} path of a route that needs both
 */

/**
 * @param {string} readme
 * @returns {Example}
 * @throws if the README has no such example
 */
export function expressExample(readme) {
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  const code = blocks.find(
    (block) => block.includes("'@resource-server/express'") && block.includes('.listen('),
  )
  if (!code) throw new Error('README.md has no Express example that listens.')
  /** @type {(pattern: RegExp, what: string) => string} */
  const find = (pattern, what) => {
    const [, found] = pattern.exec(code) ?? []
    if (!found) throw new Error(`The Express example of README.md has no ${what}.`)
    return found
  }
  const issuer = find(/issuer: ('https:\/\/[^']+')/, 'issuer')
  const port = find(/\.listen\((\d+)\)/, 'port')
  return {
    code: code
      .replace(`issuer: ${issuer}`, 'issuer: process.env.ISSUER')
      .replace(`.listen(${port})`, ".listen(Number(process.env.PORT), '127.0.0.1')"),
    audience: find(/(?:requireAudience\(|audience: )'([^']+)'/, 'audience'),
    scope: find(/requireScope\('([^']+)'/, 'scope'),
    path: find(/app\.get\('([^']+)'/, 'route').replaceAll(/:\w+/g, '42'),
  }
}
