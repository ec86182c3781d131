import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { cli } from './cli.ts'

const issuer = await createTestIssuer({ algorithm: 'ES256' })
const folder = mkdtempSync(join(tmpdir(), 'resource-server-cli-'))
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await issuer.close()
})

const aud = 'order-service'
const setup = ['--issuer', issuer.url, '--audience', aud]

const fileWith = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('explain', () => {
  test('prints every check and exits with 0 for a good token', async () => {
    const { code, out } = await cli(['explain', ...setup], `${issuer.token({ aud })}\n`)
    expect(code).toBe(0)
    expect(out).toMatch(/^✔ signature +valid$/m)
    expect(out).not.toContain('✘')
    expect(out).toContain('Granted')
  })

  test('prints every failure and exits with 1, without the token', async () => {
    const token = issuer.token({ aud: 'billing', expiresIn: -900 })
    const { code, out, err } = await cli(['explain', ...setup], token)
    expect(code).toBe(1)
    expect(out).toMatch(/^✘ expiry .*\(token_expired\)$/m)
    expect(out).toMatch(/^✘ audience .*\(audience_mismatch\)$/m)
    expect(out + err).not.toContain(token.split('.')[1])
  })

  test('exits with 2 if the signature is not checked', async () => {
    const { code, out } = await cli(['explain', ...setup, '--offline'], issuer.token({ aud }))
    expect(code).toBe(2)
    expect(out).toMatch(/^– signature /m)
  })

  test('reads the token from a file, without a byte order mark', async () => {
    const file = fileWith('token.txt', `\uFEFF${issuer.token({ aud })}\r\n`)
    expect((await cli(['explain', ...setup, '--token-file', file])).code).toBe(0)
  })

  test.each([
    [['JWT']],
    [['explain', '--token=JWT']],
    [['explain', '-JWT']],
    [['explain', '--guard', 'JWT', ...setup]],
    [['explain', '--issuer', 'JWT']],
    [['doctor', '--issuer', 'Bearer JWT']],
  ])('refuses a token in any place of the arguments, and does not repeat it: %j', async (args) => {
    const token = issuer.token({ aud })
    const { code, out, err } = await cli(args.map((arg) => arg.replace('JWT', token)))
    expect(code).toBe(64)
    expect(err).toContain('must not be an argument')
    expect(out + err).not.toContain(token.slice(0, 20))
  })

  test.each([
    [['s3cr3t-opaque'], 'unknown command\n'],
    [['explain', '--token=s3cr3t-opaque'], "unknown option '--token'\n"],
    [['explain', '-s3cr3t-opaque'], 'unknown option\n'],
    [
      ['explain', '--tokenfile', 's3cr3t-opaque'],
      "unknown option '--tokenfile'\n(Did you mean --token-file?)",
    ],
  ])('does not repeat what it does not know, which may be a secret: %j', async (args, expected) => {
    const { code, out, err } = await cli(args)
    expect(code).toBe(64)
    expect(err).toContain(expected)
    expect(out + err).not.toContain('s3cr3t')
  })

  test('does not repeat parts of a configuration that is not JSON', async () => {
    const config = fileWith('broken.json', '{ "clientSecret": s3cr3t }')
    const { code, out, err } = await cli(['doctor', '--config', config])
    expect(code).toBe(64)
    expect(err).toContain('broken.json is not JSON')
    expect(out + err).not.toContain('s3cr3t')
  })

  test('refuses a token as an argument and does not repeat it', async () => {
    const { code, out, err } = await cli(['explain', ...setup, 'eyJsecret'])
    expect(code).toBe(64)
    expect(err).toContain('must not be an argument')
    expect(out + err).not.toContain('eyJsecret')
  })

  test('checks guards', async () => {
    const token = issuer.token({ aud, scope: 'orders:read' })
    const guards = ['--guard', 'requireScope=orders:read', '--guard', 'requireScope=a,b']
    const { code, out } = await cli(
      ['explain', ...setup, ...guards, '--guard', 'requireDirect'],
      token,
    )
    expect(code).toBe(1)
    expect(out).toMatch(/^✔ requireScope\(orders:read\) /m)
    expect(out).toMatch(/^✘ requireScope\(a, b\) .*\(scope_insufficient\)$/m)
    expect(out).toMatch(/^✔ requireDirect /m)
  })

  test.each(['requirePolicy=x', 'requireStepUp=mfa', 'toString', 'require', '__proto__'])(
    'refuses the guard %s',
    async (guard) => {
      const { code, err } = await cli(['explain', ...setup, '--guard', guard], 'x')
      expect(code).toBe(64)
      expect(err).toContain('is not a guard')
    },
  )

  test('prints JSON', async () => {
    const { out } = await cli(['explain', ...setup, '--json'], issuer.forge.expired({ aud }))
    const { outcome, checks } = JSON.parse(out) as { outcome: string; checks: unknown[] }
    expect(outcome).toBe('refused')
    expect(checks).toContainEqual(
      expect.objectContaining({
        check: 'expiry',
        result: 'failed',
        code: 'token_expired',
        fix: expect.stringContaining('get a new token'),
      }),
    )
  })

  test('names what differs if the issuer has a trailing slash', async () => {
    const args = ['explain', '--issuer', `${issuer.url}/`, '--audience', aud]
    const { code, out } = await cli(args, issuer.token({ aud }))
    expect(code).toBe(1)
    expect(out).toContain('They differ by a trailing slash')
  })
})

describe('the configuration', () => {
  test('is read from a module, and arguments replace it', async () => {
    const text = `export const options = { issuer: '${issuer.url}', audience: 'billing' }`
    const config = ['--config', fileWith('config.mjs', text)]
    expect((await cli(['explain', ...config], issuer.token({ aud: 'billing' }))).code).toBe(0)
    expect((await cli(['explain', ...config, '--audience', aud], issuer.token({ aud }))).code).toBe(
      0,
    )
  })

  test('is read from a JSON file', async () => {
    const config = fileWith('config.json', JSON.stringify({ issuer: issuer.url, audience: aud }))
    expect((await cli(['explain', '--config', config], issuer.token({ aud }))).code).toBe(0)
  })

  test.each([
    ['no issuer', ['explain'], 'No issuer was given'],
    ['no audience', ['explain', '--issuer', issuer.url], 'No audience is configured'],
    ['an unknown provider', ['explain', ...setup, '--provider', 'keycloack'], 'Unknown provider'],
    [
      'a provider that is not one',
      ['explain', ...setup, '--provider', 'extend'],
      'Unknown provider',
    ],
    [
      'a module without options',
      ['explain', '--config', fileWith('none.mjs', '')],
      'has no options',
    ],
    ['a missing file', ['explain', '--config', join(folder, 'missing.json')], 'cannot be read'],
    ['a missing module', ['explain', '--config', join(folder, 'missing.mjs')], 'cannot be read'],
  ])('with %s exits with 64', async (_what, args, message) => {
    const { code, err } = await cli(args, issuer.token({ aud }))
    expect(code).toBe(64)
    expect(err).toContain(message)
  })

  test('can name a provider', async () => {
    const token = issuer.token({ aud })
    expect((await cli(['explain', ...setup, '--provider', 'oidcProvider'], token)).code).toBe(0)
    // The function of the provider checks the URL.
    const { err } = await cli(['explain', ...setup, '--provider', 'keycloak'], token)
    expect(err).toContain('/realms/')
  })
})

describe('doctor', () => {
  test('exits with 0 if nothing is wrong', async () => {
    const { code, out } = await cli(['doctor', ...setup])
    expect(out).not.toContain('✘')
    expect(code).toBe(0)
    expect(out).toMatch(/^✔ keys +1 usable$/m)
    expect(out).toMatch(/^✔ clock +agrees/m)
  })

  test('names the issuer in the metadata if it differs', async () => {
    const { code, out } = await cli(['doctor', '--issuer', `${issuer.url}/`])
    expect(code).toBe(1)
    expect(out).toContain(`✘ issuer in the metadata  ${issuer.url}, but 'issuer' is ${issuer.url}/`)
  })

  test.each<
    readonly [string, (url: string) => { status: number; headers?: object; body?: string }]
  >([
    ['status 404', () => ({ status: 404 })],
    ['status 302 to /login', () => ({ status: 302, headers: { location: '/login' } })],
    ['the body is not a JSON object', () => ({ status: 200, body: '<html>' })],
  ])('reports %s for both documents', async (problem, respond) => {
    const server = createServer(({ url = '' }, response) => {
      const { status, headers = {}, body = '' } = respond(url)
      response.writeHead(status, headers as Record<string, string>).end(body)
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, out } = await cli(['doctor', '--issuer', `http://127.0.0.1:${port}`])
    server.close()
    expect(code).toBe(1)
    expect(out.match(/^✘ metadata .*$/gm)).toHaveLength(2)
    for (const line of out.match(/^✘ metadata .*$/gm) ?? []) expect(line).toContain(problem)
    expect(out).toMatch(/^✘ keys /m)
  })

  test('reports a clock that differs', async () => {
    await using late = await createTestIssuer({ algorithm: 'ES256' })
    const skewed = `export const options = { issuer: '${late.url}', audience: '${aud}',
      clock: { now: () => Date.now() + 600_000, monotonic: () => performance.now() } }`
    const { code, out } = await cli(['doctor', '--config', fileWith('clock.mjs', skewed)])
    expect(code).toBe(1)
    expect(out).toMatch(/^✘ clock +(?:599|600|601) s ahead of/m)
  })
})

test('keys lists the published keys', async () => {
  const { code, out } = await cli(['keys', '--issuer', issuer.url])
  expect(code).toBe(0)
  expect(out).toMatch(/^✔ .*kty EC, crv P-256/m)
  expect((await cli(['keys', '--issuer', 'http://127.0.0.1:1'])).code).toBe(1)
})

test.each(['doctor', 'keys'])('%s does not let a key set control the terminal', async (command) => {
  const server = createServer(({ url: path = '', headers: { host } }, response) => {
    const origin = `http://${host}`
    const text = '\u001b[2J\u009b1A'
    const keys = [{ kty: text, kid: text, alg: text, use: 'enc' }, { kty: text }, null, 7]
    const metadata = { issuer: origin, jwks_uri: `${origin}/keys` }
    response.end(JSON.stringify(path === '/keys' ? { keys } : metadata))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { code, out, err } = await cli([command, '--issuer', `http://127.0.0.1:${port}`])
  server.close()
  expect([code, err]).toEqual([1, ''])
  expect(out).toContain('[2J')
  expect(out).not.toMatch(/[^\P{Cc}\n]/u)
})

test('doctor and keys use the fetch, the URLs, and the keys of the configuration', async () => {
  const inner = await createTestIssuer({
    issuer: 'https://login.example.com',
    metadata: { jwks_uri: 'https://login.example.com/jwks' },
  })
  const config = (more: string): string[] => {
    const text = `export const options = { issuer: '${inner.url}', audience: '${aud}', ${more} }`
    return ['--config', fileWith(`config-${more.length}.mjs`, text)]
  }
  const redirected = `fetch: (url, init) =>
    fetch(url.replace('https://login.example.com', '${inner.origin}'), init)`
  const internal = `metadataUri: '${inner.metadataUri}', ${redirected}`
  const fixed = `jwks: { keys: [${JSON.stringify(inner.key.publicJwk)}] }`
  for (const more of [redirected, internal, fixed]) {
    // oxlint-disable-next-line no-await-in-loop -- in order, so that a failure is easy to read
    const [doctor, keys] = [
      await cli(['doctor', ...config(more)]),
      await cli(['keys', ...config(more)]),
    ]
    expect({ code: doctor.code, out: doctor.out }).toMatchObject({
      code: 0,
      out: expect.not.stringContaining('✘'),
    })
    expect(keys.out).toMatch(/^✔ key-1 +kty EC/m)
  }
  const { out } = await cli(['doctor', ...config(internal)])
  expect(out).toContain(`✔ metadata                ${inner.metadataUri}\n`)
  await inner.close()
})

test('help exits with 0, and an unknown command with 64', async () => {
  expect((await cli(['--help'])).code).toBe(0)
  expect((await cli(['explain', '--help'])).out).toContain('--offline')
  expect((await cli(['explode'])).code).toBe(64)
})

describe('on a terminal', () => {
  const now = issuer.clock.now()
  const text = `export const options = { issuer: '${issuer.url}', audience: '${aud}',
    clock: { now: () => ${now}, monotonic: () => 0 } }`
  const config = ['--config', fileWith('stopped-clock.mjs', text)]
  const args = ['explain', ...config, '--guard', 'requireScope=orders:read']
  const token = issuer.token({ aud: 'billing' })

  test('marks and checks have colors, and nothing else changes', async () => {
    const { out: plain } = await cli(args, token)
    const { out } = await cli(args, token, { color: true })
    expect(out).toContain('\u001B[32m✔ format                   \u001B[39m  a JWS')
    expect(out).toContain('\u001B[31m✘ audience                 \u001B[39m  aud is')
    expect(out).toContain('\u001B[1mRefused because of audience')
    expect(stripVTControlCharacters(out)).toBe(plain)
    expect(plain).not.toContain('\u001B')
  })

  test('long lines are wrapped below their column', async () => {
    const { out } = await cli(args, token, { columns: 72 })
    const lines = out.split('\n')
    expect(lines.filter((line) => line.length > 72)).toEqual([])
    expect(lines.some((line) => /^ {29}\S/.test(line))).toBe(true)
    const words = (output: string): string => output.replaceAll(/\s+/g, ' ')
    expect(words(out)).toBe(words((await cli(args, token)).out))
  })

  test('lines are not wrapped if the terminal is too narrow', async () => {
    expect((await cli(args, token, { columns: 40 })).out).toBe((await cli(args, token)).out)
  })
})

test('explain tells a refusal from an outage', async () => {
  const down = await createTestIssuer({ algorithm: 'ES256' })
  const args = ['explain', '--issuer', down.url, '--audience', aud]
  await down.close()
  const expired = await cli(args, down.token({ aud, expiresIn: -900 }))
  expect(expired.code).toBe(1)
  expect(expired.out).toContain(
    '\nRefused because of expiry (token_expired). While key (keys_unavailable) fails, the service responds with 503.\n',
  )
  const stranger = await cli(args, issuer.token({ aud }))
  expect(stranger.out).toMatch(
    /keys_unavailable[^]*\nRefused because of issuer \(issuer_not_trusted\)\.\n$/,
  )
  const good = await cli(args, down.token({ aud }))
  expect(good.code).toBe(2)
  expect(good.out).toContain(
    '\nNot decided because of key (keys_unavailable): the service responds with 503.\n',
  )
})

test('explain says what to do, unless the reason does', async () => {
  const { out } = await cli(['explain', ...setup], issuer.token({ aud: 'billing', expiresIn: -9 }))
  expect(out).toMatch(/^✘ audience .*\n +→ Have the client request a token for this service\./m)
  expect(out).toMatch(/^Refused because of expiry \(token_expired\), the first failed check\.$/m)
  const other = await cli(
    ['explain', '--issuer', `${issuer.url}/`, '--audience', aud],
    issuer.token({ aud }),
  )
  expect(other.out).toContain("Set 'issuer' exactly as in the token (issuer_not_trusted)\n✔")
})

test('the process ends although the configuration keeps it alive, without warnings of the packages', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const text = `setInterval(() => {}, 1000)
    process.emitWarning('ours', 'ResourceServerWarning')
    process.emitWarning('theirs', { type: 'OtherWarning' })
    export const options = { issuer: '${issuer.url}', audience: '${aud}' }`
  const args = [main, 'explain', '--offline', '--config', fileWith('alive.mjs', text)]
  const { status, stderr } = spawnSync(process.execPath, args, {
    input: issuer.token({ aud }),
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  expect(status).toBe(2)
  expect(stderr).toContain('theirs')
  expect(stderr).not.toContain('ours')
})

test('the command runs in a process of its own and sets the exit code', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [main, 'explain', ...setup, '--offline'], {
    input: issuer.token({ aud }),
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stdout).toContain('✔ audience')
})
