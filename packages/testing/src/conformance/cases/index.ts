import type { Case } from '../case.ts'
import { connectionCases } from './connection.ts'
import { credentialCases } from './credential.ts'
import { credentialSourceCases } from './credential-source.ts'
import { dpopCases } from './dpop.ts'
import { guardCases } from './guard.ts'
import { optionCases } from './option.ts'
import { refusalBodyCases } from './refusal-body.ts'
import { resourceMetadataCases } from './resource-metadata.ts'
import { scopeCases } from './scope.ts'
import { tokenCases } from './token.ts'

/** All cases of the suite. */
export const cases: readonly Case[] = [
  ...credentialCases,
  ...credentialSourceCases,
  ...tokenCases,
  ...scopeCases,
  ...guardCases,
  ...optionCases,
  ...connectionCases,
  ...resourceMetadataCases,
  ...dpopCases,
  ...refusalBodyCases,
]
