import { expect, test } from 'vitest'

// A file that throws while it is loaded leaves its tests uncollected, and nothing fails. This does.
test('core loads', async () => {
  await expect(import('@resource-server/core')).resolves.toHaveProperty('createVerifier')
  await expect(import('@resource-server/core/adapter')).resolves.toHaveProperty('createGate')
  await expect(import('@resource-server/core/providers')).resolves.toHaveProperty('keycloak')
})
