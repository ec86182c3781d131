import { expect, test } from 'vitest'

// If a file throws while it is loaded, its tests are not collected and none fails. This test does.
test('the entry points of core can be imported', async () => {
  await expect(import('@resource-server/core')).resolves.toHaveProperty('createVerifier')
  await expect(import('@resource-server/core/adapter')).resolves.toHaveProperty('createGate')
  await expect(import('@resource-server/core/providers')).resolves.toHaveProperty('keycloak')
})
