import type { Code } from '@resource-server/core'
import { causesOf } from './code-help.ts'
import { card, type Child, h } from './dom.ts'
import type { Result } from './evaluate.ts'
import { splitReason } from './reason.ts'

/** Why the token was refused: what was seen, what was expected, and what to do. Hidden if it was not. */
export function why(): { readonly element: HTMLElement; readonly show: (result: Result) => void } {
  const facts = h('dl', { class: 'live-facts' })
  const element = card('Why', facts)
  return {
    element,
    show: (result) => {
      const record = result.kind === 'decision' ? result.record : undefined
      element.hidden = record?.code === undefined
      if (record?.code === undefined) return
      const { seen, expected, advice } = splitReason(record.reason ?? '')
      facts.replaceChildren(
        ...fact('Seen', [seen]),
        ...(expected === undefined ? [] : fact('Expected', [expected])),
        ...fact('What to do', [adviceList(record.code, advice)]),
      )
    },
  }
}

/** The advice for this token, then the usual causes with their fixes. */
function adviceList(code: Code, advice: string | undefined): HTMLElement {
  const causes = causesOf(code).map(([cause, fix]) =>
    h('li', {}, h('span', { class: 'live-cause' }, ...cause), ...fix),
  )
  const own = advice === undefined ? [] : [h('li', {}, h('strong', {}, advice))]
  return h('ul', { class: 'live-causes' }, ...own, ...causes)
}

function fact(name: string, content: readonly Child[]): readonly HTMLElement[] {
  return [h('dt', {}, name), h('dd', {}, ...content)]
}
