import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { cli, moduleFile } from '../diagnosis/cli.ts'
import { blocksOf } from './pages.ts'

// The outputs on the pages are those of the command, except that its issuer has another address.

const issuer = await createTestIssuer({ clients: { 'order-service': { secret: 'the secret' } } })
afterAll(() => issuer.close())

const readPage = (path: string) => ({ path, text: readFileSync(join(root, path), 'utf8') })
const page = readPage('docs/diagnose.md')
const readme = readPage('packages/cli/README.md')
const outputsOf = (of: typeof page): readonly string[] =>
  blocksOf(of).flatMap(({ language, code }) => (language === 'text' ? code : []))

/** The output of a command, with the address that the pages use. */
async function outputOf(args: readonly string[], input?: string): Promise<string> {
  const { out, err } = await cli(args, input)
  return `${out}${err}`.replaceAll(issuer.url, 'https://as.example.com')
}

const config = (more = ''): string =>
  moduleFile(`
  import { introspect } from '@resource-server/introspection'
  import { nextHop } from '@resource-server/exchange'
  const client = { id: 'order-service', secret: 'the secret' }
  export const options = { issuer: '${issuer.url}', audience: 'order-service', ${more} }
  export const hops = { inventory: nextHop({ issuer: '${issuer.url}', client, audience: 'inventory-service', log: 'off' }) }`)

const clock = `clock: { now: () => ${issuer.clock.now()}, monotonic: () => performance.now() }`

const explained = () => {
  const token = issuer.token({ aud: 'billing', scope: 'orders:write', expiresIn: -800 })
  const args = ['explain', '--config', config(clock), '--guard', 'requireScope=orders:read']
  return outputOf(args, token)
}

describe('docs/diagnose.md', () => {
  test('shows what explain prints', async () => {
    expect(outputsOf(page)[0]).toBe(await explained())
  })

  test('shows what doctor --config prints', async () => {
    const introspection = "introspection: introspect({ client: { ...client, secret: 'old' } })"
    expect(outputsOf(page)[1]).toBe(await outputOf(['doctor', '--config', config(introspection)]))
  })

  test('shows what doctor --app prints for the app on the page', async () => {
    const app = blocksOf(page).find(({ code }) => code.includes('export const app'))!
    const file = moduleFile(app.code, 'packages/cli')
    const out = await outputOf(['doctor', '--app', `${file}#app`, '--public', '/health'])
    expect(outputsOf(page)[2]).toBe(out.replace(file, './app.mjs'))
  })

  test('shows what keys prints', async () => {
    expect(outputsOf(page)[3]).toBe(await outputOf(['keys', '--issuer', issuer.url]))
  })
})

describe('packages/cli/README.md', () => {
  test('shows the first and the last lines that explain prints', async () => {
    const lines = (await explained()).split('\n')
    const [shown = ''] = outputsOf(readme)
    for (const line of shown.trimEnd().split('\n')) expect([...lines, '…']).toContain(line)
  })

  test('lists every option, and no other', async () => {
    const listed = [...readme.text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option!)
    const helps = await Promise.all(
      ['explain', 'doctor', 'keys', 'issuer', 'mint'].map((name) => outputOf([name, '--help'])),
    )
    const known = helps.flatMap((help) =>
      [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, one]) => one!),
    )
    expect(listed.toSorted()).toEqual([...new Set(known)].toSorted())
  })
})
