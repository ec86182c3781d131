import { decodeToken } from './decode.ts'
import { foldedCard, h } from './dom.ts'
import type { Result } from './evaluate.ts'
import { radioGroup, selectField, textArea } from './fields.ts'
import type { FormPart } from './form-part.ts'
import type { Inputs, Signing } from './inputs.ts'

/** Where the token is pasted, or its header and claims are written. */
export function tokenForm(): FormPart {
  const from = radioGroup('Where the token comes from', [
    ['page', 'Create one here'],
    ['pasted', 'Paste one'],
  ])
  const header = textArea('Header', 5)
  const claims = textArea('Claims', 11)
  const signing = selectField('Signature', [
    ['page', 'With the key of this page'],
    ['unknown', 'With a key that is not in the key set'],
    ['none', 'None'],
  ])
  const pasted = textArea('Token', 7, {
    placeholder: 'eyJhbGciOi…',
    help: 'It stays in this page. A token of a real user is a secret: prefer one of a test user.',
  })
  const created = h('div', { class: 'live-stack' }, header.element, claims.element, signing.element)
  const decoded = h('div', { class: 'live-stack' })
  const read = (): Partial<Inputs> => ({
    tokenFrom: from.value === 'pasted' ? 'pasted' : 'page',
    header: header.control.value,
    claims: claims.control.value,
    signing: signing.control.value as Signing,
    pastedToken: pasted.control.value,
  })
  const { element, glance } = foldedCard('Token', from.element, created, pasted.element, decoded)
  return {
    element,
    read,
    write: (inputs) => {
      from.value = inputs.tokenFrom
      header.control.value = inputs.header
      claims.control.value = inputs.claims
      signing.control.value = inputs.signing
      pasted.control.value = inputs.pastedToken
    },
    show: (result) => {
      const isPasted = from.value === 'pasted'
      created.hidden = isPasted
      pasted.element.hidden = !isPasted
      glance.textContent = isPasted ? 'pasted' : 'created here'
      decoded.replaceChildren(...shownToken(result, isPasted))
    },
  }
}

/** The token with a color for each segment, and the content of a pasted one. */
function shownToken(result: Result, isPasted: boolean): readonly HTMLElement[] {
  const parts = result.kind === 'decision' ? decodeToken(result.token) : undefined
  if (!parts) return []
  if (isPasted)
    return [
      json('Header', 'header', parts.header.value),
      json('Claims', 'payload', parts.payload.value),
    ]
  const segment = (name: string, text: string): HTMLElement =>
    h('span', { class: `live-segment-${name}` }, text)
  const label = h('h3', { class: 'live-label' }, 'The token')
  const text = h(
    'p',
    { class: 'live-token live-code', translate: 'no', tabindex: 0 },
    segment('header', parts.header.text),
    '.',
    segment('payload', parts.payload.text),
    '.',
    segment('signature', parts.signature),
  )
  return [h('div', { class: 'live-field' }, label, text)]
}

function json(title: string, name: string, value: unknown): HTMLElement {
  const text = value === undefined ? 'Not JSON' : JSON.stringify(value, undefined, 2)
  return h(
    'div',
    { class: 'live-field' },
    h('h3', { class: 'live-label' }, title),
    h('pre', { class: `live-pre live-segment-${name}` }, text),
  )
}
