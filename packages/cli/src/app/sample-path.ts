import { types } from 'node:util'

/** What a parameter of a pattern may stand for. Patterns can restrict it. */
const values = ['x', '1', '00000000-0000-4000-8000-000000000000', '2000-01-01']

/**
 * Paths that a pattern may match, such as `/orders/x` for `/orders/:id`. The caller tries them with the framework's own
 * matcher.
 */
export function samplesOf(pattern: unknown): readonly string[] {
  const texts = [pattern].flat(Infinity).flatMap((one) => textOf(one) ?? [])
  return [...new Set(texts.flatMap((text) => values.map((value) => sampleOf(text, value))))]
}

function textOf(pattern: unknown): string | undefined {
  if (typeof pattern === 'string') return pattern
  return types.isRegExp(pattern) ? textOfExpression(pattern) : undefined
}

/** For simple expressions. The matcher of the framework refuses what does not fit. */
function textOfExpression({ source }: RegExp): string {
  return source
    .replace(/^\^/, '')
    .replaceAll(/\(\?[=!:][^)]*\)|[$?+]/g, '')
    .replaceAll(String.raw`\/`, '/')
    .replaceAll(/\([^()]*\)|\[[^[\]]*\]|\.\*|\\[dw]/g, '*')
}

function sampleOf(pattern: string, value: string): string {
  return pattern
    .replaceAll(/[{}]/g, '')
    .replaceAll(/:[\w$]+(?:\([^()]*\))?[?*+]?/g, value)
    .replaceAll(/\*[\w$]*|\([^()]*\)/g, value)
    .replaceAll(/[?+]/g, '')
    .replaceAll(/\/{2,}/g, '/')
}

/**
 * The pattern from which Express 4 made the expression of a mount path.
 *
 * @param names the names of the parameters, in order
 */
export function patternOf(
  expression: RegExp & { readonly fast_slash?: boolean },
  names: readonly string[],
): string {
  if (expression.fast_slash) return '/'
  let at = 0
  const [start = ''] = expression.source.split(String.raw`\/?(?=`, 1)
  return start
    .replace(/^\^/, '')
    .replaceAll(/(\\\/)?\(\?:(\\\/)?\(\[\^\\?\/\]\+\?\)\)/g, () => `/:${names[at++] ?? 'param'}`)
    .replaceAll(/\\(.)/g, '$1')
}

/** Joins a mount path and a pattern, for display. */
export function joinPath(mount: string, path: string): string {
  // An expression stays as it is.
  if (path.startsWith('/^')) return mount + path
  const joined = `${mount}/${path}`.replaceAll(/\/{2,}/g, '/')
  return joined.length > 1 ? joined.replace(/\/$/, '') : joined
}

/** A pattern as text. */
export function showPath(pattern: unknown): string {
  if (Array.isArray(pattern)) return pattern.map(showPath).join(', ')
  return typeof pattern === 'string' ? pattern : String(pattern)
}
