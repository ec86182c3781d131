import type { ExplainedCheck } from '@resource-server/core/explain'
import { card, h, icon } from './dom.ts'
import type { Result } from './evaluate.ts'
import { type PathStep, type StepState, steps } from './path.ts'

const stateWords: Readonly<Record<StepState, string>> = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'not checked',
  unreached: 'not reached',
}

/** Every check, grouped by step. A step stays open or closed as the reader left it. */
export function checkList(): {
  readonly element: HTMLElement
  readonly show: (result: Result) => void
} {
  const rows = steps.map(([step, what]) => stepRow(step, what))
  const note = h(
    'p',
    { class: 'live-help' },
    'A service stops at the first failure. This list goes on, so that you see every problem at once.',
  )
  const element = card(
    'Every check',
    note,
    h('ol', { class: 'live-steps' }, ...rows.map((row) => row.element)),
  )
  return {
    element,
    show: (result) => {
      element.hidden = result.kind !== 'decision'
      if (result.kind !== 'decision') return
      for (const [index, row] of rows.entries()) row.show(result.path[index]!)
    },
  }
}

function stepRow(
  step: string,
  what: string,
): { readonly element: HTMLElement; readonly show: (path: PathStep) => void } {
  const mark = h('span', { class: 'live-dot' })
  const state = h('span', { class: 'live-state' })
  const body = h('ul', { class: 'live-check-list' })
  const details = h(
    'details',
    { class: 'live-step' },
    h(
      'summary',
      {},
      mark,
      h('span', { class: 'live-step-name' }, step),
      h('span', { class: 'live-step-what' }, what),
      state,
    ),
    body,
  )
  let last: StepState | undefined
  return {
    element: h('li', {}, details),
    show: (path) => {
      details.dataset['state'] = path.state
      mark.replaceChildren(icon(path.state))
      state.textContent = path.stops ? 'stops here' : stateWords[path.state]
      body.replaceChildren(...path.checks.map(checkLine), ...emptyNote(path))
      if (path.state !== last) details.open = path.state === 'failed'
      last = path.state
    },
  }
}

function checkLine({ check, result, detail }: ExplainedCheck): HTMLElement {
  return h(
    'li',
    { 'data-state': result },
    icon(result),
    h('div', {}, h('strong', {}, check), h('span', { class: 'live-detail' }, detail)),
  )
}

function emptyNote({ checks, state, step }: PathStep): readonly HTMLElement[] {
  if (checks.length > 0) return []
  const text =
    state === 'unreached'
      ? 'An earlier step has to pass first.'
      : (emptyTexts[step] ?? 'Nothing to check.')
  return [h('li', {}, icon('skipped'), h('div', { class: 'live-detail' }, text))]
}

const emptyTexts: Readonly<Record<string, string>> = {
  binding: 'The token is not bound to a key.',
  guard: 'The route has no guards.',
}
