import type { Case } from '../case.ts'
import { connectionCases } from './connection.ts'
import { credentialCases } from './credential.ts'
import { guardCases } from './guard.ts'
import { optionCases } from './option.ts'
import { resourceCases } from './resource-metadata.ts'
import { scopeCases } from './scope.ts'
import { tokenCases } from './token.ts'

/** All of them. */
export const cases: readonly Case[] = [
  ...credentialCases,
  ...tokenCases,
  ...scopeCases,
  ...guardCases,
  ...optionCases,
  ...connectionCases,
  ...resourceCases,
]
