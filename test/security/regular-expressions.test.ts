import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AnyNode, parse } from 'acorn'
import { checkSync } from 'recheck'
import { expect, test } from 'vitest'

// No regular expression of ours takes more than linear time, whatever it is given. Read from what the
// build writes, so that a parser of plain JavaScript is enough.

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

// The testing package reads what tests write.
const names = readdirSync(packages).filter((name) => name !== 'testing')
const sources = names.flatMap((name) =>
  readdirSync(join(packages, name, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(packages, name, 'dist', path)),
)

interface Found {
  readonly literals: RegExp[]
  /** Made at run time, out of text that nobody could check beforehand. */
  dynamic: number
}

function regularExpressionsIn(code: string): Found {
  const found: Found = { literals: [], dynamic: 0 }
  const visit = (node: AnyNode): void => {
    if (node.type === 'Literal' && node.regex) {
      found.literals.push(new RegExp(node.regex.pattern, node.regex.flags))
    }
    if (node.type === 'Identifier' && node.name === 'RegExp') found.dynamic += 1
    for (const child of Object.values(node) as unknown[]) {
      for (const one of [child].flat()) if (isNode(one)) visit(one)
    }
  }
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }))
  return found
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/**
 * How matching time grows with the text, by an automaton, which misses nothing. `undefined` where only
 * trying was possible.
 */
function growthOf({ source, flags }: RegExp): string | undefined {
  const found = checkSync(source, flags, { timeout: 20_000 })
  return found.checker === 'automaton' && found.status !== 'unknown'
    ? found.complexity.type
    : undefined
}

/** Too large for the automaton, and linear to the eye: one class between two anchors. */
const seen = ['/^[A-Za-z0-9_-]{1,1400}$/']

const all = sources.map((path) => [path, regularExpressionsIn(readFileSync(path, 'utf8'))] as const)

test('the analyser finds what is not linear', () => {
  const bad = [/^(a+)+$/, /^(?:a|a)*$/, /^a*a*$/, /a+$/, /\s+,/]
  const growth = ['exponential', 'exponential', 'polynomial', 'polynomial', 'polynomial']
  expect(bad.map(growthOf)).toEqual(growth)
  expect(growthOf(/^[a-z]+=*$/)).toBe('linear')
})

test('there are some, and all are linear', () => {
  const literals = all.flatMap(([, { literals: list }]) => list)
  expect(literals.length).toBeGreaterThan(10)
  const others = new Map(literals.map((literal) => [String(literal), growthOf(literal)]))
  for (const [literal, growth] of others) {
    // `safe` is bounded by the expression itself, whatever the text.
    if (growth === 'linear' || growth === 'safe') others.delete(literal)
  }
  expect([...others.keys()].filter((literal) => !seen.includes(literal))).toEqual([])
})

test('none is made at run time', () => {
  expect(all.filter(([, { dynamic }]) => dynamic > 0).map(([path]) => path)).toEqual([])
})
