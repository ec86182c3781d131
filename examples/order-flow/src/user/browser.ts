interface Cookie {
  readonly value: string
  readonly path: string
}

export interface Page {
  readonly url: URL
  /** The browser was sent to another site. It did not go there: in the demo nobody is there. */
  readonly left: boolean
  readonly html: string
}

/** As much of a browser as a sign-in needs: cookies, redirects and forms, for one site. */
export class Browser {
  readonly #site: string
  readonly #cookies = new Map<string, Cookie>()

  constructor(site: string) {
    this.#site = new URL(site).origin
  }

  /** Follows redirects within the site, and stops at the one that leaves it. */
  async open(url: URL, form?: URLSearchParams): Promise<Page> {
    if (url.origin !== this.#site) return { url, left: true, html: '' }
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: this.#cookieHeader(url) },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) this.#keep(line)

    const location = response.headers.get('location')
    const html = await response.text()
    return location === null ? { url, left: false, html } : this.open(new URL(location, url))
  }

  /** Sends the one form of a page, filled in; what it holds hidden goes along, as in any browser. */
  async submit({ url, html }: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const [form, action = ''] = /<form[^>]*? action="([^"]+)"[^]*?<\/form>/.exec(html) ?? []
    if (form === undefined) throw new Error(`no form at ${url.pathname}`)
    const filledIn = new URLSearchParams({ ...hiddenFields(form), ...fields })
    return this.open(new URL(unescaped(action), url), filledIn)
  }

  /** `name=value; path=/x; …`. The same name may live under several paths (RFC 6265 section 5.3). */
  #keep(line: string): void {
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
    const fitting = [...this.#cookies.values()].filter(({ path }) => covers(path, pathname))
    return fitting.map(({ value }) => value).join('; ')
  }
}

function hiddenFields(form: string): Record<string, string> {
  const inputs = [...form.matchAll(/<input\b[^>]*\btype="hidden"[^>]*>/g)].map(([input]) => input)
  return Object.fromEntries(
    inputs.map((input) => [valueOf(input, 'name'), valueOf(input, 'value')]),
  )
}

function valueOf(tag: string, name: string): string {
  return unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

const unescaped = (text: string): string => text.replaceAll('&amp;', '&')

function attribute(attributes: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`
  return attributes.find((text) => text.toLowerCase().startsWith(prefix))?.slice(prefix.length)
}

/** RFC 6265 section 5.1.4. */
function covers(path: string, pathname: string): boolean {
  const folder = path.endsWith('/') ? path : `${path}/`
  return pathname === path || pathname.startsWith(folder)
}
