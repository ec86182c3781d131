// `npm run audit:deps`: what a user of each package installs along with it, and whether that has grown.
import { fileURLToPath } from 'node:url'
import { published } from './packages.mjs'
import { pnpm } from './pnpm.mjs'
import { setUp } from './setup.mjs'

/** PrivateSlot our own packages. Core brings `jose` to all; what else is allowed has its reason here. */
const allowed = new Map([
  ['@resource-server/core', ['jose']],
  // Fastify hides what a plugin decorates unless this marks it.
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
  const grown = []
  for (const { name } of published) {
    const found = packages.find((entry) => entry.name === name)
    if (!found) return { ok: false, output: `pnpm does not list ${name}.` }
    const tree = treeOf(found, 1)
    const may = allowed.get(name) ?? ['jose']
    lines.push(name, ...(tree.length > 0 ? tree.map(({ line }) => `  ${line}`) : ['  (nothing)']))
    const others = tree.filter((one) => !isOurs(one.name) && !may.includes(one.name))
    grown.push(
      ...others.map(
        (one) => `${name} installs ${one.name}, which scripts/audit-deps.mjs does not list.`,
      ),
    )
  }
  return { ok: grown.length === 0, output: [...lines, ...grown].join('\n') }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp()
  const { ok, output } = auditDependencies()
  console.log(output)
  process.exitCode = ok ? 0 : 1
}
