interface Cookie {
  readonly value: string
  readonly path: string
}

export interface Page {
  readonly url: URL
  /** Whether the page is a redirect to another site. The browser does not follow it. */
  readonly leftSite: boolean
  readonly html: string
}

/** A minimal browser for one site: it supports cookies, redirects and forms. */
export class Browser {
  readonly #site: string
  readonly #cookies = new Map<string, Cookie>()

  constructor(site: string) {
    this.#site = new URL(site).origin
  }

  /** Opens a URL. Follows redirects within the site and stops at a redirect to another site. */
  async open(url: URL, form?: URLSearchParams): Promise<Page> {
    if (url.origin !== this.#site) return { url, leftSite: true, html: '' }
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: this.#cookieHeader(url) },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) this.#storeCookie(line)

    const location = response.headers.get('location')
    const html = await response.text()
    return location === null ? { url, leftSite: false, html } : this.open(new URL(location, url))
  }

  /** Submits the only form of a page, with the given fields and the form's hidden fields. */
  async submit({ url, html }: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const [form, action = ''] = /<form[^>]*? action="([^"]+)"[^]*?<\/form>/.exec(html) ?? []
    if (form === undefined) throw new Error(`no form at ${url.pathname}`)
    const input = new URLSearchParams({ ...hiddenFields(form), ...fields })
    return this.open(new URL(unescapeHtml(action), url), input)
  }

  /** Stores a cookie. Cookies with the same name but different paths coexist (RFC 6265 section 5.3). */
  #storeCookie(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', ...value] = pair.split('=')
    const path = attribute(attributes, 'path') ?? '/'
    const expires = attribute(attributes, 'expires')
    const expired = expires !== undefined && Date.parse(expires) <= Date.now()
    const key = `${name} ${path}`
    if (expired) this.#cookies.delete(key)
    else this.#cookies.set(key, { value: `${name}=${value.join('=')}`, path })
  }

  #cookieHeader({ pathname }: URL): string {
    const matching = [...this.#cookies.values()].filter(({ path }) => matchesPath(path, pathname))
    return matching.map(({ value }) => value).join('; ')
  }
}

function hiddenFields(form: string): Record<string, string> {
  const inputs = [...form.matchAll(/<input\b[^>]*\btype="hidden"[^>]*>/g)].map(([input]) => input)
  return Object.fromEntries(
    inputs.map((input) => [valueOf(input, 'name'), valueOf(input, 'value')]),
  )
}

function valueOf(tag: string, name: string): string {
  return unescapeHtml(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

const unescapeHtml = (text: string): string => text.replaceAll('&amp;', '&')

function attribute(attributes: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`
  return attributes.find((text) => text.toLowerCase().startsWith(prefix))?.slice(prefix.length)
}

/** The path match of RFC 6265 section 5.1.4. */
function matchesPath(path: string, pathname: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`
  return pathname === path || pathname.startsWith(folder)
}
