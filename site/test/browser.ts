import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'

/** Starts the Chromium of this machine. It resolves no names, so that nothing can leave the machine. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM']!,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  })
}

export interface Visit extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /** Everything that the page requested, also by other means than `fetch`. */
  readonly requests: string[]
  /** Everything that the page printed, and its uncaught errors. */
  readonly printed: string[]
}

export interface VisitOptions {
  readonly width?: number
  readonly theme?: 'light' | 'dark'
}

/** Opens the live page in a new profile, and waits for its first result. */
export async function visit(
  browser: Browser,
  url: string,
  { width = 1280, theme = 'light' }: VisitOptions = {},
): Promise<Visit> {
  const viewport = { width, height: 900 }
  const context = await browser.newContext({
    viewport,
    colorScheme: theme,
    // The issuer of the tests has a certificate of its own.
    ignoreHTTPSErrors: true,
  })
  const page = await context.newPage()
  const requests: string[] = []
  const printed: string[] = []
  context.on('request', (request) => {
    requests.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`.trim())
  })
  page.on('websocket', (socket) => requests.push(`socket ${socket.url()}`))
  page.on('console', (message) => printed.push(message.text()))
  page.on('pageerror', (error) => printed.push(String(error)))
  await page.goto(url, { waitUntil: 'networkidle' })
  await page.locator('.live[data-result]').waitFor()
  return { context, page, requests, printed, [Symbol.asyncDispose]: () => context.close() }
}

/** Presses the button of an example and waits until its result is shown. */
export async function choose(page: Page, example: string): Promise<void> {
  const before = await page.locator('.live').getAttribute('data-shown')
  await page.locator(`[data-example="${example}"]`).click()
  await page.locator(`.live:not([data-shown="${before}"])`).waitFor()
}

/** Changes the page and waits until its result is shown. */
export async function change(page: Page, action: () => Promise<unknown>): Promise<void> {
  const before = await page.locator('.live').getAttribute('data-shown')
  await action()
  await page.locator(`.live:not([data-shown="${before}"])`).waitFor()
}

export const verdictOf = (page: Page): Locator => page.locator('.live-headline')
