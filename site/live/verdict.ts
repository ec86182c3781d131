import { codeLink, meaningOf } from './code-help.ts'
import { type Child, h, icon } from './dom.ts'
import type { Decision, Result } from './evaluate.ts'
import { steps } from './path.ts'

/** What the service answers, in a few words, and how far the token got. */
export function verdict(): {
  readonly element: HTMLElement
  readonly show: (result: Result) => void
} {
  const headline = h('div', { class: 'live-headline', role: 'status' })
  const line = h('ol', { class: 'live-line', 'aria-label': 'Path of the token' })
  const element = h('div', { class: 'live-verdict' }, headline, line)
  return {
    element,
    show: (result) => {
      const { tone, status, title, text } = summaryOf(result)
      element.dataset['tone'] = tone
      headline.replaceChildren(
        h('span', { class: 'live-status' }, status),
        h(
          'div',
          {},
          h('p', { class: 'live-outcome' }, title),
          h('p', { class: 'live-reason' }, ...text),
        ),
      )
      line.hidden = result.kind !== 'decision'
      line.replaceChildren(...(result.kind === 'decision' ? stations(result) : []))
    },
  }
}

interface Summary {
  readonly tone: 'good' | 'bad' | 'warn' | 'idle'
  readonly status: string
  readonly title: string
  readonly text: readonly Child[]
}

function summaryOf(result: Result): Summary {
  if (result.kind === 'waiting') {
    return { tone: 'idle', status: '···', title: 'Paste a token', text: ['Or choose an example.'] }
  }
  if (result.kind === 'misuse') {
    const text = [`${result.problem} ${result.fix}`]
    return { tone: 'warn', status: '!', title: 'An input has a mistake', text }
  }
  return summaryOfDecision(result)
}

function summaryOfDecision({ record, response, path }: Decision): Summary {
  const { outcome, code } = record
  const status = String(response.status)
  if (code === undefined) {
    const text = ['Every check passed, so the handler runs.']
    return { tone: 'good', status, title: 'Granted', text }
  }
  const where = path.find(({ stops }) => stops)?.step
  const verb = outcome === 'refused' ? 'Refused' : 'Not decided'
  const title = where === undefined ? verb : `${verb} at ${where}`
  return {
    tone: outcome === 'refused' ? 'bad' : 'warn',
    status,
    title,
    text: [codeLink(code), ' ', ...meaningOf(code)],
  }
}

/** One station for each step. Later ones are pale, because the token does not reach them. */
function stations({ path }: Decision): readonly HTMLElement[] {
  const last = path.findIndex(({ stops }) => stops)
  return steps.map(([step], index) => {
    const isPast = last >= 0 && index > last
    const state = isPast ? 'unreached' : path[index]!.state
    return h(
      'li',
      { class: 'live-station', 'data-state': state },
      h('span', { class: 'live-dot' }, icon(state)),
      h('span', { class: 'live-station-name' }, step),
      h('span', { class: 'live-hidden' }, `: ${words[state]}`),
    )
  })
}

const words = {
  passed: 'passed',
  failed: 'the token stops here',
  skipped: 'not checked',
  unreached: 'not reached',
} as const
