import { ConfigError } from '../errors/refusal.ts'
import { kindOf, type Option, required } from './option-table.ts'

// The kinds of options that occur more than once. Each returns a row of an option table.

export function booleanOption(otherwise: boolean, description: string): Option<boolean> {
  return {
    default: otherwise,
    defaultText: `\`${otherwise}\``,
    range: '',
    description,
    read: (value, name) => {
      if (typeof value === 'boolean') return value
      throw new ConfigError(
        `'${name}' must be a boolean, got ${kindOf(value)}.`,
        'Pass true or false.',
      )
    },
  }
}

interface NumberRange {
  readonly min: number
  readonly max: number
  readonly unit: string
  /** For things that are counted. */
  readonly whole?: true
}

export function numberOption<Default extends number | undefined>(
  otherwise: Default,
  range: NumberRange,
  description: string,
): Option<number | Default> {
  const { min, max, unit, whole } = range
  const kind = whole ? 'whole number' : 'number'
  return {
    default: otherwise,
    defaultText: otherwise === undefined ? 'no limit' : `\`${otherwise}\``,
    range: `${min} to ${max} ${unit}`,
    description,
    read: (value, name) => {
      const fits = whole ? Number.isInteger(value) : typeof value === 'number'
      if (fits && (value as number) >= min && (value as number) <= max) return value as number
      throw new ConfigError(
        `'${name}' must be a ${kind} from ${min} to ${max}, got ${seenNumber(value)}.`,
        `Pass a number of ${unit}.`,
      )
    },
  }
}

function seenNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value)
}

/** The first choice is the default. */
export function choiceOption<Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  description: string,
): Option<Choice> {
  const list = choices.map((choice) => `'${choice}'`).join(', ')
  return {
    default: choices[0],
    defaultText: `\`'${choices[0]}'\``,
    range: choices.map((choice) => `\`'${choice}'\``).join(', '),
    description,
    read: (value, name) => {
      const choice = choices.find((candidate) => candidate === value)
      if (choice !== undefined) return choice
      throw new ConfigError(
        `'${name}' must be one of ${list}.`,
        `Pass '${choices[0]}', which is the default, or another of these.`,
      )
    },
  }
}

/** A required string. The provider function checks its content. */
export function textOption(example: string, description: string): Option<string> {
  return {
    default: required,
    defaultText: '',
    range: '',
    description,
    read: (value, name) => {
      if (typeof value === 'string') return value
      throw new ConfigError(
        `'${name}' must be a string, got ${kindOf(value)}.`,
        `Pass a string such as '${example}'.`,
      )
    },
  }
}

export function functionOption<F, Default extends F | undefined>(
  otherwise: Default,
  defaultText: string,
  description: string,
): Option<F | Default> {
  return {
    default: otherwise,
    defaultText,
    range: '',
    description,
    read: (value, name) => {
      if (typeof value === 'function') return value as F
      throw new ConfigError(
        `'${name}' must be a function, got ${kindOf(value)}.`,
        'Pass a function or leave it out.',
      )
    },
  }
}
