import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AnyNode, parse } from 'acorn'
import { checkSync } from 'recheck'
import { expect, test } from 'vitest'

// Every regular expression of the packages matches in linear time, whatever the input. The build output
// is read, because a JavaScript parser can parse it.

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

// The testing package only reads input from tests.
const names = readdirSync(packages).filter((name) => name !== 'testing')
const sources = names.flatMap((name) =>
  readdirSync(join(packages, name, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(packages, name, 'dist', path)),
)

interface Expressions {
  readonly literals: RegExp[]
  /** The number of uses of `RegExp`, whose patterns cannot be checked here. */
  dynamic: number
}

function regularExpressionsIn(code: string): Expressions {
  const found: Expressions = { literals: [], dynamic: 0 }
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
 * How the matching time grows with the length of the text. Computed by an automaton, which is complete;
 * `undefined` if only fuzzing was possible.
 */
function growthOf({ source, flags }: RegExp): string | undefined {
  const found = checkSync(source, flags, { timeout: 20_000 })
  return found.checker === 'automaton' && found.status !== 'unknown'
    ? found.complexity.type
    : undefined
}

/** Too large for the automaton, but evidently linear: after `^`, one character class, a limited number of times. */
const reviewed = [
  '/^[A-Za-z0-9_-]{1,1400}$/',
  '/^[\\x21-\\x7e]{1,256}$/',
  '/^[a-z_]{1,64}$/',
  '/^[\\x21\\x23-\\x5b\\x5d-\\x7e ]{1,256}$/',
  '/^[A-Z][A-Z0-9_]{1,31}(?![^ ])/',
]

const all = sources.map((path) => [path, regularExpressionsIn(readFileSync(path, 'utf8'))] as const)

test('the analyzer detects expressions that are not linear', () => {
  const nonLinear = [/^(a+)+$/, /^(?:a|a)*$/, /^a*a*$/, /a+$/, /\s+,/]
  const growth = ['exponential', 'exponential', 'polynomial', 'polynomial', 'polynomial']
  expect(nonLinear.map(growthOf)).toEqual(growth)
  expect(growthOf(/^[a-z]+=*$/)).toBe('linear')
})

test('all regular expressions of the packages are linear', () => {
  const literals = all.flatMap(([, { literals: list }]) => list)
  expect(literals.length).toBeGreaterThan(10)
  const others = new Map(literals.map((literal) => [String(literal), growthOf(literal)]))
  for (const [literal, growth] of others) {
    // `safe` means that the expression bounds the time, whatever the text.
    if (growth === 'linear' || growth === 'safe') others.delete(literal)
  }
  expect([...others.keys()].filter((literal) => !reviewed.includes(literal))).toEqual([])
})

test('no package creates a regular expression at run time', () => {
  expect(all.filter(([, { dynamic }]) => dynamic > 0).map(([path]) => path)).toEqual([])
})
