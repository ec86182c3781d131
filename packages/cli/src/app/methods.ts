import type { Target } from './step.ts'

/** What a request reaches: the functions before the one that answers, and those after it. */
export type Way = Pick<Target, 'before' | 'answers' | 'after'>

/** The methods that are examined for a route that answers all of them. */
const common = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** More than an app lists by hand: `all` adds one function for each method that Node knows. */
const manyMethods = 20

/**
 * What each method of a route reaches. One result if the route answers all methods, and all of them reach the same
 * functions.
 *
 * @param methods in uppercase. Empty if the route answers all of them
 * @param reach returns `undefined` for a method that does not reach the route
 */
export function perMethod(
  methods: readonly string[],
  reach: (method: string) => Way | undefined,
): readonly (Way & { readonly method: string })[] {
  const isAll = methods.length === 0 || methods.length >= manyMethods
  const results = (isAll ? common : methods).flatMap((method) => {
    const way = reach(method)
    return way ? [{ ...way, method }] : []
  })
  const [first] = results
  if (!isAll || !first || !results.every((one) => hasSameSteps(one, first))) return results
  return [{ ...first, method: 'ALL' }]
}

function hasSameSteps(one: Way, other: Way): boolean {
  const names = ({ before, after }: Way): string =>
    JSON.stringify([before, after].map((steps) => steps.map(({ name, role }) => [name, role])))
  return names(one) === names(other)
}
