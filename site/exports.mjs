// What the packages export, read from their declarations and not from typedoc, whose pages are checked with it.
import ts from 'typescript'
import { entryPoints } from './entry-points.mjs'

/** @returns {ReadonlyMap<string, readonly string[]>} the names that each module exports */
export function exportsOfModules() {
  const entries = entryPoints()
  const program = ts.createProgram(
    entries.map(({ types }) => types),
    { module: ts.ModuleKind.NodeNext, skipLibCheck: true, noEmit: true, types: [] },
  )
  const checker = program.getTypeChecker()
  return new Map(
    entries.map(({ module, types }) => {
      const file = program.getSourceFile(types)
      const symbol = file && checker.getSymbolAtLocation(file)
      return [module, symbol ? namesOf(checker.getExportsOfModule(symbol), checker) : []]
    }),
  )
}

/**
 * A default export that has a name as well is listed by its name.
 *
 * @type {(exports: readonly ts.Symbol[], checker: ts.TypeChecker) => string[]}
 */
function namesOf(exports, checker) {
  const target = (/** @type {ts.Symbol} */ symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const named = exports.filter(({ name }) => name !== 'default')
  const targets = new Set(named.map(target))
  return exports
    .filter((symbol) => symbol.name !== 'default' || !targets.has(target(symbol)))
    .map(({ name }) => name)
}
