// All option tables that are in the README of core, by the names that it marks them with.
import * as general from '../src/config/option-tables.ts'
import { cognitoOptions } from '../src/providers/cognito.ts'
import { dexOptions } from '../src/providers/dex.ts'
import { entraOptions } from '../src/providers/entra.ts'
import { keycloakOptions } from '../src/providers/keycloak.ts'

export const tables = {
  ...general,
  cognito: cognitoOptions,
  dex: dexOptions,
  entra: entraOptions,
  keycloak: keycloakOptions,
}
