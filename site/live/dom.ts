/** Attributes of an element. `true` sets an empty one, and `false` and `undefined` leave it out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export type Child = Node | string

/** Creates an element. Texts become text nodes, so nothing in a token is ever read as HTML. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

/** The same for SVG. */
export function svg(
  name: string,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
}

let count = 0

/** An id that is unique in the document. */
export function uniqueId(name: string): string {
  count += 1
  return `live-${name}-${count}`
}

/** A titled part of the page. */
export function card(title: string, ...children: readonly Child[]): HTMLElement {
  const id = uniqueId('card')
  return h(
    'section',
    { class: 'live-card', 'aria-labelledby': id },
    h('h2', { id, class: 'live-title' }, title),
    ...children,
  )
}

export type IconName = 'passed' | 'failed' | 'skipped' | 'unreached'

const iconPaths: Readonly<Record<IconName, string>> = {
  passed: 'M4 8.5 7 11.5 12.5 5',
  failed: 'M4.5 4.5 11.5 11.5 M11.5 4.5 4.5 11.5',
  skipped: 'M4.5 8 H11.5',
  unreached: '',
}

/** A titled part of the form that can be folded. Folded, it shows its values at a glance. */
export function foldedCard(
  title: string,
  ...children: readonly Child[]
): { readonly element: HTMLDetailsElement; readonly glance: HTMLElement } {
  const glance = h('span', { class: 'live-glance' })
  const summary = h('summary', {}, h('h2', { class: 'live-title' }, title), glance)
  const body = h('div', { class: 'live-stack' }, ...children)
  return { element: h('details', { class: 'live-card', open: true }, summary, body), glance }
}

/** A mark next to a text that says the same. */
export function icon(name: IconName): SVGElement {
  return svg(
    'svg',
    { class: `live-icon live-icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: iconPaths[name] }),
  )
}
