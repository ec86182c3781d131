import { type Child, h, uniqueId } from './dom.ts'

/** Turned off so that neither the browser nor an extension keeps or sends what is typed. */
const privateInput = {
  autocomplete: 'off',
  autocapitalize: 'off',
  autocorrect: 'off',
  spellcheck: 'false',
  translate: 'no',
  'data-gramm': 'false',
} as const

interface FieldOptions {
  readonly help?: string
  readonly placeholder?: string
}

/** A label with its control, and a sentence of help. */
function field(label: string, control: HTMLElement, help: string | undefined): HTMLElement {
  const id = uniqueId('field')
  control.id = id
  const parts: Child[] = [h('label', { class: 'live-label', for: id }, label), control]
  if (help !== undefined) {
    const helpId = uniqueId('help')
    control.setAttribute('aria-describedby', helpId)
    parts.push(h('p', { class: 'live-help', id: helpId }, help))
  }
  return h('div', { class: 'live-field' }, ...parts)
}

export interface Field<Control extends HTMLElement> {
  readonly element: HTMLElement
  readonly control: Control
}

export function textField(
  label: string,
  { help, placeholder }: FieldOptions = {},
): Field<HTMLInputElement> {
  const control = h('input', { type: 'text', class: 'live-control', placeholder, ...privateInput })
  return { element: field(label, control, help), control }
}

export function textArea(
  label: string,
  rows: number,
  { help, placeholder }: FieldOptions = {},
): Field<HTMLTextAreaElement> {
  const control = h('textarea', {
    class: 'live-control live-code',
    rows,
    placeholder,
    ...privateInput,
  })
  return { element: field(label, control, help), control }
}

export type Choice = readonly [value: string, title: string]

export function selectField(
  label: string,
  choices: readonly Choice[],
  { help }: FieldOptions = {},
): Field<HTMLSelectElement> {
  const options = choices.map(([value, title]) => h('option', { value }, title))
  const control = h('select', { class: 'live-control' }, ...options)
  return { element: field(label, control, help), control }
}

export function checkbox(label: string): Field<HTMLInputElement> {
  const control = h('input', { type: 'checkbox' })
  return { element: h('label', { class: 'live-check' }, control, label), control }
}

export interface RadioGroup {
  readonly element: HTMLElement
  get value(): string
  set value(value: string)
}

/** A choice between a few values that are all visible. */
export function radioGroup(legend: string, choices: readonly Choice[]): RadioGroup {
  const name = uniqueId('radio')
  const inputs = choices.map(([value]) => h('input', { type: 'radio', name, value }))
  const labels = choices.map(([, title], index) =>
    h('label', { class: 'live-segment' }, inputs[index]!, h('span', {}, title)),
  )
  return {
    element: h(
      'fieldset',
      { class: 'live-segments' },
      h('legend', { class: 'live-hidden' }, legend),
      ...labels,
    ),
    get value() {
      return inputs.find(({ checked }) => checked)?.value ?? ''
    },
    set value(value) {
      for (const input of inputs) input.checked = input.value === value
    },
  }
}
