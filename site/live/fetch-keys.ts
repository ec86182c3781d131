import { h } from './dom.ts'
import { textField } from './fields.ts'
import { readKeyAnswer } from './key-answer.ts'

/** The only part of the page that sends a request, and only when its button is pressed. */
export interface KeyFetcher {
  readonly element: HTMLElement
  readonly update: () => void
}

/** What the key fetcher reads from the form, and where the keys go. */
interface KeyFetcherOptions {
  readonly issuer: () => string
  readonly receive: (keys: string) => void
}

/**
 * A button that names the URL that it requests. The metadata of the issuer says where its keys are, so that the first
 * request may only find the second URL.
 */
export function keyFetcher({ issuer, receive }: KeyFetcherOptions): KeyFetcher {
  const address = textField('URL of the key set', {
    help: 'The jwks_uri of the issuer. If you do not know it, request the metadata first.',
  })
  const button = h('button', { type: 'button', class: 'live-button live-request' })
  const status = h('p', { class: 'live-help', role: 'status' })
  const target = (): string => address.control.value.trim() || metadataUrl(issuer())
  const update = (): void => {
    const url = target()
    button.disabled = !isAllowed(url)
    button.textContent = button.disabled ? 'Enter an https URL to request keys' : `Request ${url}`
  }
  const press = async (): Promise<void> => {
    const url = target()
    status.textContent = `Requesting ${url}`
    try {
      const text = await get(url)
      status.textContent = accept(text, url)
    } catch (error) {
      status.textContent = `${(error as Error).message} ${byHand(url)}`
    }
    update()
  }
  const accept = (text: string, url: string): string => {
    const answer = readKeyAnswer(text, issuer())
    if ('keys' in answer) {
      receive(answer.keys)
      return `Received the key set at ${url}.`
    }
    address.control.value = answer.jwksUri
    return answer.problem ?? 'The metadata names the key set. Press the button again to request it.'
  }
  button.addEventListener('click', () => void press())
  return {
    element: h('div', { class: 'live-stack' }, address.element, button, status),
    update,
  }
}

/** OpenID Connect Discovery section 4: the path is appended to the issuer. */
function metadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** HTTPS, or a test issuer on this machine. Only these may be requested: the policy of the page says the same. */
function isAllowed(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname))
}

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1'])

/** In characters. */
const maxLength = 512 * 1024

/** Sends nothing but the URL: no cookies, no referrer, and no redirect that would lead to another URL. */
async function get(url: string): Promise<string> {
  const response = await request(url)
  if (!response.ok) throw new Error(`The status is ${response.status}, expected 200.`)
  const text = await response.text()
  if (text.length > maxLength) throw new Error('The answer is too large.')
  return text
}

async function request(url: string): Promise<Response> {
  try {
    return await fetch(url, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      cache: 'no-store',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(10_000),
    })
  } catch {
    throw new Error(
      'The browser could not read the answer. Most servers let pages of other origins read their metadata (CORS), but not all.',
    )
  }
}

function byHand(url: string): string {
  return `You can open ${url} yourself and paste its content.`
}
