// `npm run audit:deps`: prints what a user of each package installs, and fails if a dependency was added.
import './help.mjs'
import { fileURLToPath } from 'node:url'
import { published } from './packages.mjs'
import { pnpm } from './pnpm.mjs'
import { setUp } from './setup.mjs'

/** Allowed dependencies outside this repository. Every package depends on `jose` through core. */
const allowed = new Map([
  ['@resource-server/core', ['jose']],
  // Parses arguments and prints help. It has no dependencies.
  ['@resource-server/cli', ['jose', 'commander']],
  // By the author of jose. Builds the requests to the token endpoint.
  ['@resource-server/exchange', ['jose', 'oauth4webapi']],
  // Builds requests to authorization servers. It has no dependencies.
  ['@resource-server/introspection', ['jose', 'oauth4webapi']],
  // Fastify encapsulates a plugin's decorators unless the plugin is wrapped with this.
  ['@resource-server/fastify', ['jose', 'fastify-plugin']],
])

/** @typedef {{ version: string, dependencies?: Record<string, Node> }} Node */

/** @type {(name: string) => boolean} */
const isOurs = (name) => name.startsWith('@resource-server/')

/** @type {(node: Pick<Node, 'dependencies'>, depth: number) => readonly { name: string, line: string }[]} */
function treeOf({ dependencies = {} }, depth) {
  return Object.entries(dependencies).flatMap(([name, node]) => [
    { name, line: `${'  '.repeat(depth)}${name} ${isOurs(name) ? '' : node.version}`.trimEnd() },
    ...treeOf(node, depth + 1),
  ])
}

/**
 * What a user installs on purpose, such as a client of Redis, is not a dependency.
 *
 * @type {(node: Node, manifest: import('./packages.mjs').Manifest) => Pick<Node, 'dependencies'>}
 */
function withoutPeers({ dependencies = {} }, { peerDependencies = {} }) {
  const own = Object.entries(dependencies).filter(([name]) => !(name in peerDependencies))
  return { dependencies: Object.fromEntries(own) }
}

export function auditDependencies() {
  const listed = pnpm([
    'list',
    '--prod',
    '--depth',
    'Infinity',
    '--json',
    '--filter',
    './packages/*',
  ])
  if (!listed.ok) return listed
  /** @type {readonly (Node & { name: string })[]} */
  const packages = JSON.parse(listed.stdout)
  const lines = []
  const added = []
  for (const { name, manifest } of published) {
    const found = packages.find((entry) => entry.name === name)
    if (!found) return { ok: false, output: `pnpm does not list ${name}.` }
    const tree = treeOf(withoutPeers(found, manifest), 1)
    const expected = allowed.get(name) ?? ['jose']
    lines.push(name, ...(tree.length > 0 ? tree.map(({ line }) => `  ${line}`) : ['  (nothing)']))
    const others = tree.filter((one) => !isOurs(one.name) && !expected.includes(one.name))
    added.push(
      ...others.map(
        (one) => `${name} installs ${one.name}, which scripts/audit-deps.mjs does not list.`,
      ),
    )
  }
  return { ok: added.length === 0, output: [...lines, ...added].join('\n') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp()
  const { ok, output } = auditDependencies()
  console.log(output)
  process.exitCode = ok ? 0 : 1
}
