import { beforeEach, expect, test, vi } from 'vitest'

// How jose is loaded, with a jose that cannot be. Each test imports the module again, so nothing is loaded yet.

beforeEach(() => vi.resetModules())

const importFunctions = () => import('../../src/jose/load-jose.ts')

function failToLoad(module: string, onLoad = () => {}): void {
  vi.doMock(module, () => {
    onLoad()
    throw new Error('too many open files')
  })
}

test('the errors name what could not be loaded', async () => {
  failToLoad('jose/key/import')
  failToLoad('jose/jws/compact/verify')
  const { loadKeyFunctions, loadVerifyFunctions } = await importFunctions()
  await expect(loadKeyFunctions()).rejects.toThrow(/^jose could not be loaded: /)
  await expect(loadVerifyFunctions()).rejects.toThrow(/^jose could not be loaded: /)
})

test('loadKeyFunctionsEarly starts to load, and a failure is not an unhandled rejection', async () => {
  const { loadKeyFunctions, loadKeyFunctionsEarly } = await importFunctions()
  const loading = new Promise<void>((resolve) => failToLoad('jose/key/import', resolve))
  loadKeyFunctionsEarly()
  await expect(loading).resolves.toBeUndefined()
  await expect(loadKeyFunctions()).rejects.toThrow('jose could not be loaded')
})
