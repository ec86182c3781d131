import { foldedCard, h } from './dom.ts'
import { checkbox, radioGroup, selectField, textArea, textField } from './fields.ts'
import { keyFetcher } from './fetch-keys.ts'
import type { FormPart } from './form-part.ts'
import type { Inputs } from './inputs.ts'
import { providerNames } from './setup.ts'

/** How the service is configured. */
export function serviceForm(): FormPart {
  const issuer = textField('Issuer', { placeholder: 'https://as.example.com' })
  const provider = selectField('Kind of server', [
    ['', 'Default'],
    ...providerNames.map((name) => [name, name] as const),
  ])
  const bound = checkbox('Accept bound tokens (DPoP): sets publicUrl')
  const audience = textField('Audience', { placeholder: 'order-service' })
  const from = radioGroup('Where the keys come from', [
    ['page', 'Keys of this page'],
    ['pasted', 'Paste a key set'],
  ])
  const pasted = textArea('Key set (JWKS)', 6, { placeholder: '{ "keys": [ … ] }' })
  const fetcher = keyFetcher({
    issuer: () => issuer.control.value.trim(),
    receive: (keys) => {
      pasted.control.value = keys
      pasted.control.dispatchEvent(new Event('input', { bubbles: true }))
    },
  })
  const ownKeys = h('div', { class: 'live-stack' }, pasted.element, fetcher.element)
  const read = (): Partial<Inputs> => ({
    issuer: issuer.control.value.trim(),
    provider: provider.control.value,
    audience: audience.control.value,
    acceptsBound: bound.control.checked,
    keysFrom: from.value === 'pasted' ? 'pasted' : 'page',
    pastedKeys: pasted.control.value,
  })
  const { element, glance } = foldedCard(
    'Service',
    h('div', { class: 'live-pair' }, issuer.element, provider.element),
    audience.element,
    bound.element,
    from.element,
    ownKeys,
  )
  return {
    element,
    read,
    write: (inputs) => {
      issuer.control.value = inputs.issuer
      provider.control.value = inputs.provider
      audience.control.value = inputs.audience
      bound.control.checked = inputs.acceptsBound
      from.value = inputs.keysFrom
      pasted.control.value = inputs.pastedKeys
    },
    show: () => {
      ownKeys.hidden = from.value !== 'pasted'
      glance.textContent = audience.control.value
      fetcher.update()
    },
  }
}

/** What the request looks like. */
export function requestForm(): FormPart {
  const url = textField('URL', { placeholder: 'https://orders.example.com/orders' })
  const scheme = selectField('Scheme', [
    ['Bearer', 'Bearer'],
    ['DPoP', 'DPoP'],
  ])
  const proof = checkbox('Send a DPoP proof with the key of this page')
  const { element, glance } = foldedCard(
    'Request',
    h('div', { class: 'live-pair' }, url.element, scheme.element),
    proof.element,
    h(
      'p',
      { class: 'live-help' },
      'The page checks the request itself. Nothing is sent to this URL.',
    ),
  )
  return {
    element,
    read: () => ({
      url: url.control.value.trim(),
      scheme: scheme.control.value === 'DPoP' ? 'DPoP' : 'Bearer',
      sendsProof: proof.control.checked,
    }),
    write: (inputs) => {
      url.control.value = inputs.url
      scheme.control.value = inputs.scheme
      proof.control.checked = inputs.sendsProof
    },
    show: () => {
      glance.textContent = scheme.control.value
    },
  }
}
