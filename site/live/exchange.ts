import { card, h } from './dom.ts'
import type { Decision, Result, ShownResponse } from './evaluate.ts'

/** The request in short, and the exact response. */
export function exchange(): {
  readonly element: HTMLElement
  readonly show: (result: Result) => void
} {
  const request = h('pre', { class: 'live-pre live-http' })
  const response = h('pre', { class: 'live-pre live-http' })
  const record = h('pre', { class: 'live-pre' })
  const element = card(
    'What the caller gets',
    h('div', { class: 'live-field' }, h('h3', { class: 'live-label' }, 'Request'), request),
    h('div', { class: 'live-field' }, h('h3', { class: 'live-label' }, 'Response'), response),
    h(
      'details',
      { class: 'live-details' },
      h('summary', {}, 'What your log gets: the decision record'),
      record,
    ),
  )
  return {
    element,
    show: (result) => {
      element.hidden = result.kind !== 'decision'
      if (result.kind !== 'decision') return
      request.replaceChildren(...requestLines(result))
      response.replaceChildren(...responseLines(result.response))
      record.textContent = JSON.stringify(result.record, undefined, 2)
    },
  }
}

const repeated =
  'The client repeats its first request, because the service wants its nonce in the proof (RFC 9449 section 9).'

function requestLines({ request, token }: Decision): readonly Node[] {
  const { url, scheme, proof, isRepeated } = request
  const { host, pathname, search } = new URL(url)
  return [
    line('live-start', `GET ${pathname}${search} HTTP/1.1`),
    ...header('Host', host),
    ...header('Authorization', `${scheme} ${shorten(token)}`),
    ...(proof === undefined ? [] : header('DPoP', shorten(proof))),
    ...(isRepeated ? [h('span', { class: 'live-detail' }, `\n${repeated}`)] : []),
  ]
}

const shorten = (token: string): string => (token.length > 24 ? `${token.slice(0, 20)}…` : token)

function responseLines({ status, headers, body }: ShownResponse): readonly Node[] {
  return [
    line('live-start', `HTTP/1.1 ${status} ${phrases[status] ?? ''}`),
    ...headers.flatMap(([name, value]) => header(properCase(name), value)),
    line('live-body', `\n${pretty(body)}`),
  ]
}

const phrases: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

const names: ReadonlyMap<string, string> = new Map([
  ['www-authenticate', 'WWW-Authenticate'],
  ['dpop-nonce', 'DPoP-Nonce'],
])

/** `Headers` has names in lowercase. Servers send them as usual. */
function properCase(name: string): string {
  const usual = name.replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
  return names.get(name) ?? usual
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}

function line(name: string, text: string): HTMLElement {
  return h('span', { class: name }, `${text}\n`)
}

function header(name: string, value: string): readonly Node[] {
  return [
    h('span', { class: 'live-header-name' }, `${name}: `),
    document.createTextNode(`${value}\n`),
  ]
}
