import type { Code } from '@resource-server/core'
import { explanations } from '../../scripts/code-explanations.mjs'
import { type Child, h } from './dom.ts'

/** What a code means, from the page of codes. */
export function meaningOf(code: Code): readonly Child[] {
  return inline(explanations[code].meaning)
}

/** The usual causes of a code, each with its fix. */
export function causesOf(
  code: Code,
): readonly (readonly [cause: readonly Child[], fix: readonly Child[]])[] {
  return explanations[code].causes.map(([cause, fix]) => [inline(cause), inline(fix)])
}

/** A link to the code on the page of codes. */
export function codeLink(code: Code): HTMLElement {
  return h('a', { class: 'live-code-link', href: `codes.html#${code}`, target: '_blank' }, code)
}

const pattern = /`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)/g

/** The Markdown that explanations use: code and links to other pages. */
function inline(text: string): readonly Child[] {
  const parts: Child[] = []
  let end = 0
  for (const { 0: whole, 1: code, 2: title, 3: target, index } of text.matchAll(pattern)) {
    parts.push(
      text.slice(end, index),
      code === undefined ? pageLink(title!, target!) : h('code', {}, code),
    )
    end = index + whole.length
  }
  return [...parts, text.slice(end)]
}

/** A new tab, so that the inputs are kept. */
function pageLink(title: string, target: string): HTMLElement {
  return h('a', { href: target.replace(/\.md(?=#|$)/, '.html'), target: '_blank' }, title)
}
