// An option that is added to a type needs a row in its table.
import { type OptionTable, required } from '../../packages/core/src/options/option-table.ts'
import { booleanOption } from '../../packages/core/src/options/option-rows.ts'

interface Options {
  readonly one?: boolean
  readonly two: boolean
}

interface Values {
  readonly one: boolean
  readonly two: boolean
}

const row = booleanOption(false, 'Does something.')

export const complete: OptionTable<Options, Values> = {
  one: row,
  two: { ...row, default: required },
}

// @ts-expect-error the optional option `one` has no row
export const withoutOptional: OptionTable<Options, Values> = { two: row }

// @ts-expect-error the required option `two` has no row
export const withoutRequired: OptionTable<Options, Values> = { one: row }

// @ts-expect-error there is no option `three`
export const withUnknown: OptionTable<Options, Values> = { one: row, two: row, three: row }
