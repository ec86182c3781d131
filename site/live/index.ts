import { chain } from './chain.ts'
import { checkList } from './checks.ts'
import { h } from './dom.ts'
import { evaluate, type Result } from './evaluate.ts'
import { exchange } from './exchange.ts'
import type { Inputs } from './inputs.ts'
import { createKeys, type PageKeys } from './mint.ts'
import { type Preset, presets } from './presets.ts'
import { routeForm } from './route-form.ts'
import { requestForm, serviceForm } from './service-form.ts'
import { tokenForm } from './token-form.ts'
import { verdict } from './verdict.ts'
import { why } from './why.ts'

/** Waiting time after the last change, in milliseconds. */
const pause = 150

/** Below this width, in pixels, the form starts folded, so that the result is near the examples. */
const narrow = 560

/**
 * Shows the live page in an element: it verifies a token with core, in the browser. Nothing is stored, and the only
 * request is that of the button which names its URL.
 *
 * @returns a function that removes the page, with its keys and inputs
 */
export function mountLive(element: HTMLElement): () => void {
  const stop = new AbortController()
  const root = h('div', { class: 'live' }, h('p', { class: 'live-help' }, 'Creating keys…'))
  element.replaceChildren(root)
  void start(root, stop.signal)
  return () => {
    stop.abort()
    element.replaceChildren()
  }
}

async function start(root: HTMLElement, signal: AbortSignal): Promise<void> {
  const keys = await createKeys()
  if (!signal.aborted) buildPage(root, keys, signal)
}

function buildPage(root: HTMLElement, keys: PageKeys, signal: AbortSignal): void {
  const readInputs = (): Inputs => Object.assign({}, ...parts.map((part) => part.read())) as Inputs
  const parts = [tokenForm(), serviceForm(), requestForm(), routeForm(readInputs)]
  const picture = chain(() => readInputs().audience)
  const views = [verdict(), why(), exchange(), picture, checkList()] as const
  let shown = 0
  const show = (result: Result): void => {
    for (const part of [...parts, ...views]) part.show(result)
    shown += 1
    root.dataset['result'] = result.kind
    // For tests: changes with each result.
    root.dataset['shown'] = String(shown)
  }
  const run = latestOnly(() => evaluate(readInputs(), keys), show, signal)
  const apply = (preset: Preset): void => {
    const now = Math.floor(Date.now() / 1000)
    const inputs = preset.inputs({ now, thumbprint: keys.thumbprint })
    for (const part of parts) part.write(inputs)
    run(0)
  }
  const examples = exampleButtons(apply)
  const form = h('form', { class: 'live-inputs' }, ...parts.map((part) => part.element))
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('input', () => {
    examples.clear()
    run(pause)
  })
  const [summary, ...details] = views.map((view) => view.element)
  root.replaceChildren(
    examples.element,
    summary!,
    h('div', { class: 'live-columns' }, form, h('div', { class: 'live-results' }, ...details)),
  )
  if (root.clientWidth < narrow) for (const { element } of parts) element.open = false
  signal.addEventListener('abort', picture.close)
  const restart = (): void => examples.choose(presets[0]!)
  // Browsers keep the page in memory for the way back.
  window.addEventListener('pagehide', restart, { signal })
  restart()
}

/** Runs after a pause. A result that a later change overtook is dropped. */
function latestOnly<T>(
  work: () => Promise<T>,
  show: (value: T) => void,
  signal: AbortSignal,
): (delay: number) => void {
  let latest = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  signal.addEventListener('abort', () => clearTimeout(timer))
  const runNow = async (): Promise<void> => {
    latest += 1
    const own = latest
    const value = await work()
    if (own === latest && !signal.aborted) show(value)
  }
  return (delay) => {
    clearTimeout(timer)
    timer = setTimeout(() => void runNow(), delay)
  }
}

function exampleButtons(apply: (preset: Preset) => void): {
  readonly element: HTMLElement
  readonly choose: (preset: Preset) => void
  readonly clear: () => void
} {
  const buttons = presets.map(({ id, title }) =>
    h('button', { type: 'button', class: 'live-example', 'data-example': id }, title),
  )
  const press = (pressed: HTMLElement | undefined): void => {
    for (const button of buttons) button.setAttribute('aria-pressed', String(button === pressed))
  }
  const choose = (preset: Preset): void => {
    press(buttons[presets.indexOf(preset)])
    apply(preset)
  }
  for (const [index, button] of buttons.entries()) {
    button.addEventListener('click', () => choose(presets[index]!))
  }
  return {
    element: h(
      'div',
      { class: 'live-examples', role: 'group', 'aria-label': 'Examples' },
      ...buttons,
    ),
    choose,
    clear: () => press(undefined),
  }
}
