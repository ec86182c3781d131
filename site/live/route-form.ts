import { foldedCard, h } from './dom.ts'
import { selectField, textField } from './fields.ts'
import type { FormPart } from './form-part.ts'
import { formOf, type GuardInput, guardNames, type GuardName } from './guards.ts'
import type { Inputs } from './inputs.ts'
import { codeOf } from './setup.ts'

/** The guards of the route, and the setup as code. */
export function routeForm(readInputs: () => Inputs): FormPart {
  let rows: readonly GuardRow[] = []
  const list = h('div', { class: 'live-stack' })
  const add = h('button', { type: 'button', class: 'live-button' }, 'Add a guard')
  const code = h('code', {})
  const changed = (): void => {
    list.dispatchEvent(new Event('input', { bubbles: true }))
  }
  const set = (next: readonly GuardRow[]): void => {
    rows = next
    list.replaceChildren(...rows.map(({ element }) => element))
  }
  const createRow = (guard: GuardInput): GuardRow => {
    const row = guardRow(guard, () => {
      set(rows.filter((other) => other !== row))
      add.focus()
      changed()
    })
    return row
  }
  add.addEventListener('click', () => {
    const row = createRow({ name: 'requireScope', values: formOf('requireScope').example })
    set([...rows, row])
    row.focus()
    changed()
  })
  const { element, glance } = foldedCard(
    'Route',
    h('p', { class: 'live-help' }, 'Guards run in this order. The first one verifies the token.'),
    list,
    add,
    h(
      'details',
      { class: 'live-details' },
      h('summary', {}, 'This setup in code'),
      h('pre', { class: 'live-pre' }, code),
    ),
  )
  return {
    element,
    read: () => ({ guards: rows.map((row) => row.read()) }),
    write: ({ guards }) => set(guards.map(createRow)),
    show: () => {
      for (const row of rows) row.update()
      glance.textContent = rows.map((row) => row.read().name).join(', ')
      code.textContent = codeOf(readInputs())
    },
  }
}

interface GuardRow {
  readonly element: HTMLElement
  readonly read: () => GuardInput
  readonly update: () => void
  readonly focus: () => void
}

function guardRow({ name, values }: GuardInput, remove: () => void): GuardRow {
  const select = selectField(
    'Guard',
    guardNames.map((one) => [one, one] as const),
  )
  const text = textField('Values')
  select.control.value = name
  text.control.value = values
  const button = h('button', { type: 'button', class: 'live-button live-remove' }, 'Remove')
  button.addEventListener('click', remove)
  const chosen = (): GuardName => select.control.value as GuardName
  select.control.addEventListener('change', () => {
    text.control.value = formOf(chosen()).example
  })
  return {
    element: h('div', { class: 'live-guard' }, select.element, text.element, button),
    read: () => ({ name: chosen(), values: text.control.value }),
    update: () => {
      const { label, example } = formOf(chosen())
      text.element.hidden = label === undefined
      text.element.querySelector('label')!.textContent = label ?? ''
      text.control.placeholder = example
      button.setAttribute('aria-label', `Remove ${chosen()}`)
    },
    focus: () => select.control.focus(),
  }
}
