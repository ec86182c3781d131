import { card, h, svg } from './dom.ts'
import type { Decision, Result } from './evaluate.ts'
import { describeParties, partiesOf, type Party } from './parties.ts'

const box = { width: 132, height: 58 }
const gap = 26

/** A picture of who acts for whom: from left to right, or from top to bottom if there is no room. */
export function chain(service: () => string): {
  readonly element: HTMLElement
  readonly show: (result: Result) => void
  readonly close: () => void
} {
  const picture = h('div', { class: 'live-picture' })
  const note = h('p', { class: 'live-help' })
  const element = card('Who acts for whom', picture, note)
  let parties: readonly Party[] = []
  const draw = (): void => {
    if (parties.length > 0) picture.replaceChildren(drawing(parties, picture.clientWidth))
  }
  const observer = new ResizeObserver(draw)
  observer.observe(picture)
  return {
    element,
    show: (result) => {
      parties = result.kind === 'decision' ? partiesOf(result.decoded, service()) : []
      element.hidden = parties.length === 0
      if (result.kind === 'decision') note.textContent = noteOn(parties, result)
      draw()
    },
    close: () => observer.disconnect(),
  }
}

function noteOn(parties: readonly Party[], { record }: Decision): string {
  // The record names the algorithm only if the signature is valid.
  if (record.alg === undefined) {
    return 'The signature is not valid or was not checked, so anyone could have written these names.'
  }
  const roles = parties.map(({ role }) => role)
  if (roles.includes('prior actor')) {
    return 'Guards see the current actor. Prior actors are for audit only (RFC 8693 section 4.1).'
  }
  return roles.includes('current actor')
    ? 'Guards see the current actor (RFC 8693 section 4.1).'
    : 'The token names no actor (act). It was not delegated, or its issuer does not say so.'
}

function drawing(parties: readonly Party[], space: number): SVGElement {
  const across = parties.length * (box.width + gap) - gap
  const isWide = across <= space
  const at = (index: number): readonly [x: number, y: number] =>
    isWide ? [index * (box.width + gap), 0] : [0, index * (box.height + gap)]
  const [lastX, lastY] = at(parties.length - 1)
  const width = lastX + box.width + 2
  const height = lastY + box.height + 2
  return svg(
    'svg',
    {
      class: 'live-chain',
      viewBox: `-1 -1 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': describeParties(parties),
    },
    ...parties.slice(1).map((_, index) => arrow(at(index), at(index + 1), isWide)),
    ...parties.map((party, index) => node(party, at(index))),
  )
}

type Point = readonly [x: number, y: number]

function arrow([x, y]: Point, [nextX, nextY]: Point, isWide: boolean): SVGElement {
  const [fromX, fromY, toX, toY] = isWide
    ? [x + box.width + 4, y + box.height / 2, nextX - 5, nextY + box.height / 2]
    : [x + box.width / 2, y + box.height + 4, nextX + box.width / 2, nextY - 5]
  const head = isWide
    ? `M${toX - 6} ${toY - 5} L${toX} ${toY} L${toX - 6} ${toY + 5}`
    : `M${toX - 5} ${toY - 6} L${toX} ${toY} L${toX + 5} ${toY - 6}`
  return svg('path', {
    class: 'live-arrow',
    d: `M${fromX} ${fromY} L${toX} ${toY} ${head}`,
  })
}

const maxLetters = 15

function node({ role, name }: Party, [x, y]: Point): SVGElement {
  const shown = name.length > maxLetters ? `${name.slice(0, maxLetters - 1)}…` : name
  return svg(
    'g',
    { class: 'live-node', 'data-role': role, transform: `translate(${x} ${y})` },
    svg('title', {}, name),
    svg('rect', { width: box.width, height: box.height, rx: 10 }),
    svg('text', { class: 'live-role', x: box.width / 2, y: 22 }, role),
    svg('text', { class: 'live-name', x: box.width / 2, y: 42 }, shown),
  )
}
