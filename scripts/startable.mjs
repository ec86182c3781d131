// How to start npm, npx and the installed tools on every system.
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The program and its first arguments that start a command.
 *
 * On Windows `npm`, `npx` and the tools in `node_modules/.bin` are `.cmd` files. Node refuses to
 * start those without a shell (CVE-2024-27980), and `cmd.exe` expands `%` and `^` in arguments, so
 * the JavaScript behind the `.cmd` file is started with Node instead. Elsewhere, and for every
 * other program, the command is returned as it is.
 *
 * @param {string} command
 * @param {{ platform?: string, node?: string }} [machine] the running one, unless a test says otherwise
 * @returns {[file: string, ...args: string[]]}
 * @throws when no installed package has a tool of that name
 */
export function startable(command, { platform = process.platform, node = process.execPath } = {}) {
  if (platform !== 'win32') return [command]
  if (command === 'npm' || command === 'npx') {
    return [node, join(dirname(node), 'node_modules', 'npm', 'bin', `${command}-cli.js`)]
  }
  const bin = dirname(command)
  if (basename(bin) !== '.bin') return [command]
  return [node, scriptOf(basename(command), dirname(bin))]
}

/**
 * The script of a tool, from the manifests of the packages that the project itself depends on.
 * Only their tools are in `.bin`.
 *
 * @type {(tool: string, modules: string) => string}
 */
function scriptOf(tool, modules) {
  const project = readManifest(join(modules, '..'))
  for (const name of Object.keys({ ...project.dependencies, ...project.devDependencies })) {
    const directory = join(modules, name)
    const { bin = {} } = readManifest(directory)
    const script = typeof bin === 'string' ? { [basename(name)]: bin }[tool] : bin[tool]
    if (script) return join(directory, script)
  }
  throw new Error(`No package in ${modules} has a tool named '${tool}'. Add it to package.json.`)
}

/**
 * @typedef {Record<string, string>} Strings
 * @typedef {{ bin?: string | Strings, dependencies?: Strings, devDependencies?: Strings }} Manifest
 */

/** @type {(directory: string) => Manifest} an empty one for a package that is not installed */
function readManifest(directory) {
  const file = join(directory, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}
