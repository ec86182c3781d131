import { expect, test } from 'vitest'
import type { Option } from '../../src/options/option-table.ts'
import { cognitoOptions } from '../../src/providers/cognito.ts'
import { dexOptions } from '../../src/providers/dex.ts'
import { entraOptions } from '../../src/providers/entra.ts'
import { keycloakOptions } from '../../src/providers/keycloak.ts'

// The README of core is generated from these texts.
type Texts = Readonly<Record<string, readonly [byDefault: string, range: string, meaning: string]>>

const tables: Readonly<Record<string, readonly [table: object, texts: Texts]>> = {
  cognito: [
    cognitoOptions,
    {
      region: ['', '', 'The AWS region.'],
      userPoolId: ['', '', 'The ID of the user pool.'],
      issuerType: ["`'original'`", "`'original'`, `'updated'`", 'The issuer type of the pool.'],
      replicaRegion: ["the pool's own region", '', 'The region of a replica of the pool.'],
      clientIdAsAudience: [
        '`false`',
        '',
        'Whether `client_id` is used as the audience of a token without `aud`.',
      ],
    },
  ],
  dex: [
    dexOptions,
    { acceptIdTokens: ['', '`true`', 'Confirms that ID tokens are accepted as well.'] },
  ],
  entra: [
    entraOptions,
    {
      tenant: ['', '', 'The ID of the tenant: a GUID in lowercase.'],
      version: ['`2`', '`1`, `2`', 'The version of the access tokens.'],
    },
  ],
  keycloak: [
    keycloakOptions,
    { rolesOf: ['the roles of the realm', '', 'The ID of the client whose roles are read.'] },
  ],
}

test.each(Object.entries(tables))('the options of %s are documented', (_name, [table, texts]) => {
  const rows = Object.entries(table as Readonly<Record<string, Option<unknown>>>)
  const documented = rows.map(([name, { defaultText, range, description }]) => [
    name,
    [defaultText, range, description],
  ])
  expect(Object.fromEntries(documented)).toEqual(texts)
})
