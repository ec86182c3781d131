const oldest = { major: 20, minor: 19 }

/**
 * Throws on a Node.js that is too old to `require()` these packages. Without this check, it would fail
 * later with an error that does not say why. Bun and Deno report a version of Node.js that they imitate,
 * so they are not checked.
 *
 * @param versions `process.versions`
 * @throws Error that names both versions
 */
export function requireNodeVersion(versions: Readonly<Record<string, string | undefined>>): void {
  const { node, bun, deno } = versions
  if (node === undefined || bun !== undefined || deno !== undefined) return
  const [major = 0, minor = 0] = node.split('.').map(Number)
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return
  throw new Error(
    `@resource-server/core needs Node.js ${oldest.major}.${oldest.minor} or newer. ` +
      `This is Node.js ${node}. Upgrade Node.js: see docs/troubleshooting.md.`,
  )
}
