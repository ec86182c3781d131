import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeys, createJws, keyId, keySetOf } from '../live/mint.ts'
import { change, choose, startBrowser, verdictOf, visit, type VisitOptions } from './browser.ts'
import { startIssuer } from './issuer.ts'
import { serveSite } from './serve.ts'

// The live page of the built site, in a real browser.

const site = await serveSite()
const browser = await startBrowser()
afterAll(async () => {
  await browser.close()
  await site[Symbol.asyncDispose]()
})

const open = (options?: VisitOptions) => visit(browser, site.url('live.html'), options)

const keys = await createKeys()
const now = Math.floor(Date.now() / 1000)
const claims = {
  iss: 'https://as.example.com',
  sub: 'user-42',
  aud: 'order-service',
  client_id: 'web-shop',
  scope: 'orders:read',
  iat: now,
  exp: now + 3600,
}
const signed = (more: object = {}): Promise<string> =>
  createJws(
    JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: keyId }),
    JSON.stringify({ ...claims, ...more }),
    keys.issuer,
  )

const label = (page: Page, text: string) => page.getByLabel(text, { exact: true })

async function paste(page: Page, token: string): Promise<void> {
  await change(page, () => page.getByRole('radio', { name: 'Paste one' }).check())
  await change(page, () => label(page, 'Token').fill(token))
  await change(page, () => page.getByRole('radio', { name: 'Paste a key set' }).check())
  await change(page, () => label(page, 'Key set (JWKS)').fill(JSON.stringify(keySetOf(keys))))
}

describe('privacy', () => {
  test('a pasted token causes no request and is not stored, printed, or in the address', async () => {
    await using visited = await open()
    const { page, context, requests, printed } = visited
    requests.length = 0
    const token = await signed()
    await paste(page, token)
    await expect.poll(() => verdictOf(page).textContent()).toContain('Granted')
    await change(page, () => label(page, 'Audience').fill('billing-service'))
    await expect.poll(() => verdictOf(page).textContent()).toContain('audience_mismatch')
    await page.getByRole('button', { name: 'Add a guard' }).click()
    await page.waitForLoadState('networkidle')
    expect(requests).toEqual([])
    expect(printed).toEqual([])
    const state = JSON.stringify(await context.storageState({ indexedDB: true }))
    const held = await page.evaluate(async () => ({
      address: location.href,
      title: document.title,
      name: window.name,
      history: JSON.stringify(history.state),
      session: JSON.stringify(Object.entries(sessionStorage)),
      caches: await caches.keys(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
    }))
    for (const part of token.split('.')) {
      expect(state).not.toContain(part)
      expect(JSON.stringify(held)).not.toContain(part)
    }
    expect(held).toMatchObject({ address: site.url('live.html'), caches: [], workers: 0 })
  })

  test('no example causes a request', async () => {
    await using visited = await open()
    const { page, requests } = visited
    requests.length = 0
    for (const [id] of examples) await choose(page, id)
    await page.waitForLoadState('networkidle')
    expect(requests).toEqual([])
  })

  test('the token is gone after another page was shown', async () => {
    await using visited = await open()
    const { page } = visited
    await paste(page, await signed())
    await page.getByRole('link', { name: 'Codes' }).first().click()
    await page.locator('.live').waitFor({ state: 'detached' })
    await page.goBack()
    await page.locator('.live[data-result]').waitFor()
    await page.getByRole('radio', { name: 'Paste one' }).check()
    expect(await label(page, 'Token').inputValue()).toBe('')
  })

  test('the token is gone before the browser keeps the page for the way back', async () => {
    await using visited = await open()
    const { page } = visited
    const token = await signed({ sub: 'a-secret-name' })
    await paste(page, token)
    // The library that drives the browser turns its cache of pages off, so the event is sent here.
    await change(page, () =>
      page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))),
    )
    expect(await label(page, 'Token').inputValue()).toBe('')
    expect(await page.locator('.live').innerText()).not.toContain('a-secret-name')
  })

  test('fields are closed to spell checkers and form histories', async () => {
    await using visited = await open()
    const controls = visited.page.locator('.live textarea, .live input[type=text]')
    const attributes = await controls.evaluateAll((all) =>
      all.map((one) => [one.getAttribute('autocomplete'), one.getAttribute('spellcheck')]),
    )
    expect(attributes.length).toBeGreaterThan(5)
    expect(new Set(attributes.map(String))).toEqual(new Set(['off,false']))
  })

  test('markup in a token stays text', async () => {
    await using visited = await open()
    const { page, printed } = visited
    const markup = '<img src=x onerror="document.title=1"><b>bold</b>'
    await paste(page, await signed({ sub: markup, act: { sub: markup }, aud: markup }))
    await expect.poll(() => verdictOf(page).textContent()).toContain('Refused')
    expect(await page.locator('.live img, .live b').count()).toBe(0)
    expect(printed).toEqual([])
  })
})

describe('requesting keys', () => {
  test('sends the requests that the button names, without the token, and nothing else', async () => {
    await using issuer = await startIssuer(keySetOf(keys))
    await using visited = await open()
    const { page, requests } = visited
    const token = await signed({ iss: issuer.url })
    await change(page, () => label(page, 'Issuer').fill(issuer.url))
    await change(page, () => page.getByRole('radio', { name: 'Paste one' }).check())
    await change(page, () => label(page, 'Token').fill(token))
    await change(page, () => page.getByRole('radio', { name: 'Paste a key set' }).check())
    requests.length = 0
    const metadata = `${issuer.url}/.well-known/openid-configuration`
    await page.getByRole('button', { name: `Request ${metadata}` }).click()
    const second = page.getByRole('button', { name: `Request ${issuer.url}/keys` })
    await second.waitFor()
    expect(requests).toEqual([`GET ${metadata}`])
    await second.click()
    await expect.poll(() => verdictOf(page).textContent()).toContain('Granted')
    expect(requests).toEqual([`GET ${metadata}`, `GET ${issuer.url}/keys`])
    expect(issuer.received.map(({ line }) => line)).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /keys',
    ])
    for (const { headers, body } of issuer.received) {
      expect(headers).not.toHaveProperty('authorization')
      expect(headers).not.toHaveProperty('cookie')
      expect(headers).not.toHaveProperty('referer')
      expect(JSON.stringify([headers, body])).not.toContain(token.split('.')[1])
    }
  })

  test('also works if the reader came from another page', async () => {
    await using issuer = await startIssuer(keySetOf(keys))
    await using visited = await open()
    const { page } = visited
    await page.goto(site.url('codes.html'), { waitUntil: 'networkidle' })
    await page.getByRole('link', { name: 'try a token', exact: true }).click()
    await page.locator('.live[data-result]').waitFor()
    await page.waitForLoadState('networkidle')
    await change(page, () => label(page, 'Issuer').fill(issuer.url))
    await change(page, () => page.getByRole('radio', { name: 'Paste a key set' }).check())
    await page.getByRole('button', { name: 'Request https:' }).click()
    await page.getByRole('button', { name: `Request ${issuer.url}/keys` }).waitFor()
    expect(issuer.received).toHaveLength(1)
  })

  test('says what to do if the server does not answer pages', async () => {
    await using visited = await open()
    const { page } = visited
    const metadata = 'https://as.example.com/.well-known/openid-configuration'
    await change(page, () => page.getByRole('radio', { name: 'Paste a key set' }).check())
    await page.getByRole('button', { name: `Request ${metadata}` }).click()
    await page.getByText(`You can open ${metadata} yourself and paste its content.`).waitFor()
    expect(await page.getByText('CORS').isVisible()).toBe(true)
  })
})

type Example = readonly [
  id: string,
  status: number,
  expected: { readonly code?: string; readonly stops?: string; readonly challenge?: string },
]

const invalid = 'error="invalid_token"'

const examples: readonly Example[] = [
  ['valid', 200, {}],
  ['audience', 401, { code: 'audience_mismatch', stops: 'claims', challenge: invalid }],
  ['expired', 401, { code: 'token_expired', stops: 'claims', challenge: invalid }],
  [
    'scope',
    403,
    {
      code: 'scope_insufficient',
      stops: 'guard',
      challenge:
        'error="insufficient_scope", error_description="The access token lacks a required scope", scope="orders:write"',
    },
  ],
  ['none', 401, { code: 'token_malformed', stops: 'parse', challenge: invalid }],
  ['id-token', 401, { code: 'not_an_access_token', stops: 'claims', challenge: invalid }],
  ['delegated', 200, {}],
  [
    'unproven',
    401,
    { code: 'proof_missing', stops: 'binding', challenge: 'error="invalid_dpop_proof"' },
  ],
  ['proven', 200, {}],
]

describe('the example', () => {
  let shared: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    shared = await open()
  })
  afterAll(() => shared[Symbol.asyncDispose]())

  test.each(examples)('%s is answered with %i', async (id, status, { code, stops, challenge }) => {
    const { page } = shared
    await choose(page, id)
    const verdict = await verdictOf(page).textContent()
    expect(verdict).toContain(String(status))
    expect(verdict).toContain(code ?? 'Granted')
    const stopping = page.locator('.live-station[data-state=failed] .live-station-name')
    expect(await stopping.allTextContents()).toEqual(stops === undefined ? [] : [stops])
    const response = await page.locator('.live-http').last().innerText()
    expect(response).toContain(`HTTP/1.1 ${status} `)
    if (challenge === undefined) expect(response).not.toContain('WWW-Authenticate')
    else expect(response).toContain(challenge)
    expect(response).toContain(code === undefined ? '"owner": "user-42"' : `"status": ${status}`)
    expect(await page.locator(`[data-example=${id}]`).getAttribute('aria-pressed')).toBe('true')
  })

  test('of a delegated token draws all parties', async () => {
    const { page } = shared
    await choose(page, 'delegated')
    expect(await page.locator('.live-chain').getAttribute('aria-label')).toBe(
      'user-42 (subject), then web-gateway (prior actor), then cart-service (current actor), then order-service (this service)',
    )
    const nodes = await page.locator('.live-node .live-name').allTextContents()
    expect(nodes).toEqual(['user-42', 'web-gateway', 'cart-service', 'order-service'])
  })
})

test('links lead to pages and anchors that exist, in a new tab', async () => {
  await using visited = await open()
  const { page } = visited
  const links = new Set<string>()
  for (const [id] of examples) {
    await choose(page, id)
    const found = page.locator('.live a')
    expect(await found.evaluateAll((all) => all.map((one) => one.getAttribute('target')))).toEqual(
      Array.from({ length: await found.count() }, () => '_blank'),
    )
    for (const link of await found.all()) {
      links.add(await link.evaluate((one) => (one as HTMLAnchorElement).href))
    }
  }
  expect(links.size).toBeGreaterThan(5)
  for (const link of links) {
    const { pathname, hash } = new URL(link)
    const html = await (await fetch(link)).text()
    expect(html, pathname).toContain('</html>')
    if (hash !== '') expect(html, link).toContain(`id="${hash.slice(1)}"`)
  }
})

describe('with the keyboard alone', () => {
  test('every control is reached, shows its focus, and has a name', async () => {
    await using visited = await open()
    const { page } = visited
    await page.locator('[data-example=valid]').focus()
    const total = await page.locator('.live').evaluate(tabStops)
    const reached: string[] = []
    for (let step = 0; step < total; step += 1) {
      const focus = await page.evaluate(focused)
      expect(focus.isInside, `${step}: ${focus.name}`).toBe(true)
      expect(focus.isVisible, `${focus.name} has no visible focus`).toBe(true)
      expect(focus.name).not.toBe('')
      reached.push(focus.name)
      await page.keyboard.press('Tab')
    }
    expect(reached).toEqual(expect.arrayContaining(['Valid', 'Claims', 'Audience', 'Add a guard']))
    expect((await page.evaluate(focused)).isInside).toBe(false)
  })

  test('an example, a claim, and a guard can be changed', async () => {
    await using visited = await open()
    const { page } = visited
    await page.locator('[data-example=valid]').focus()
    await page.keyboard.press('Tab')
    await change(page, () => page.keyboard.press('Enter'))
    expect(await verdictOf(page).textContent()).toContain('audience_mismatch')
    await label(page, 'Audience').focus()
    await page.keyboard.press('Control+A')
    await change(page, () => page.keyboard.type('billing-service'))
    await expect.poll(() => verdictOf(page).textContent()).toContain('Granted')
    await page.getByRole('button', { name: 'Add a guard' }).focus()
    await change(page, () => page.keyboard.press('Enter'))
    // The new guard has the focus. Its values are the next control.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Control+A')
    await change(page, () => page.keyboard.type('orders:write'))
    await expect.poll(() => verdictOf(page).textContent()).toContain('scope_insufficient')
    await page.keyboard.press('Tab')
    await change(page, () => page.keyboard.press('Enter'))
    await expect.poll(() => verdictOf(page).textContent()).toContain('Granted')
    await page.getByRole('radio', { name: 'Create one here' }).focus()
    await change(page, () => page.keyboard.press('ArrowRight'))
    expect(await verdictOf(page).textContent()).toContain('Paste a token')
  })
})

/** How many controls the Tab key visits. Of a group of radio buttons, it visits one. */
function tabStops(root: Element): number {
  const controls = root.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]',
  )
  return [...controls].filter((one) => {
    const isOtherRadio = one instanceof HTMLInputElement && one.type === 'radio' && !one.checked
    const isDisabled = one instanceof HTMLButtonElement && one.disabled
    return !isOtherRadio && !isDisabled && one.checkVisibility()
  }).length
}

function focused(): { isInside: boolean; isVisible: boolean; name: string } {
  const element = document.activeElement as HTMLElement
  // A radio button is transparent. Its label shows the focus.
  const isRadio = element instanceof HTMLInputElement && element.type === 'radio'
  const shown = isRadio ? element.nextElementSibling! : element
  const { outlineStyle, outlineWidth } = getComputedStyle(shown)
  const labels =
    element instanceof HTMLInputElement ||
    element instanceof HTMLTextAreaElement ||
    element instanceof HTMLSelectElement
      ? element.labels
      : undefined
  return {
    isInside: element.closest('.live') !== null,
    isVisible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1,
    name: (element.ariaLabel ?? labels?.[0]?.innerText ?? element.innerText).trim(),
  }
}

describe('the result is announced', () => {
  test('by a status region that names the outcome', async () => {
    await using visited = await open()
    const { page } = visited
    const region = page.locator('.live-headline')
    expect(await region.getAttribute('role')).toBe('status')
    await choose(page, 'expired')
    expect(await region.textContent()).toMatch(/401.*Refused.*token_expired/)
  })

  test('also if an input has a mistake', async () => {
    await using visited = await open()
    const { page } = visited
    await change(page, () => label(page, 'Claims').fill('{ "sub": '))
    expect(await verdictOf(page).textContent()).toContain('The JSON of the claims has a mistake')
    await choose(page, 'valid')
    await change(page, () => label(page, 'Audience').fill(''))
    expect(await verdictOf(page).textContent()).toContain('An input has a mistake')
  })
})

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { run } = (
      globalThis as unknown as {
        axe: { run: (options: object) => Promise<AxeResult> }
      }
    ).axe
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const found = await run({ runOnly: tags })
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    )
  })
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  test.each(['valid', 'audience', 'unproven', 'delegated'])(
    'axe finds nothing for the example %s',
    async (example) => {
      await using visited = await open({ theme })
      await choose(visited.page, example)
      expect(await violations(visited.page)).toEqual([])
    },
  )

  test('axe finds nothing with a pasted token, a mistake, and everything unfolded', async () => {
    await using visited = await open({ theme })
    const { page } = visited
    await paste(page, await signed())
    await page.locator('.live details').evaluateAll((all) => {
      for (const one of all) (one as HTMLDetailsElement).open = true
    })
    expect(await violations(page)).toEqual([])
    await change(page, () => label(page, 'Audience').fill(''))
    expect(await violations(page)).toEqual([])
  })

  test.each([1280, 375])('nothing scrolls sideways at %i pixels', async (width) => {
    await using visited = await open({ theme, width })
    const { page } = visited
    for (const [id] of examples) {
      await choose(page, id)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      const path = join(process.env['SCREENSHOTS']!, `${id}-${width}-${theme}.png`)
      await page.screenshot({ path, fullPage: true })
    }
    await page.locator('.live details').evaluateAll((all) => {
      for (const one of all) (one as HTMLDetailsElement).open = true
    })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
  })
})
