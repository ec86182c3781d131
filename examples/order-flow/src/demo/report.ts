import { styleText } from 'node:util'
import { columns, wrap } from './layout.ts'

type Style = Parameters<typeof styleText>[0]

/** What `process.stdout` is, as far as it matters here. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** One thing that was expected, and what came. */
export interface Check {
  readonly title: string
  readonly asExpected: boolean
  /** Shown where it did not come. */
  readonly expected: string
  /** What the caller got to see. */
  readonly caller: string
  /** What the operator got to see. */
  readonly operator?: string | undefined
}

const INDENT = 4
const LABEL = 10
const WIDTH = 96
const NARROWEST = 50

/** Prints the story as it goes and keeps count. */
export class Report {
  readonly #checks: (Check & { readonly number: string })[] = []
  readonly #output: Output
  readonly #color: boolean
  readonly #width: number
  #chapter = 0
  #checkOfChapter = 0
  #stepOpen = false

  /** Color for a person at a terminal only, and not for one who has set NO_COLOR. */
  constructor(output: Output, noColor: string | undefined) {
    this.#output = output
    this.#color = output.isTTY === true && !noColor
    // A terminal that was never told its size says 0.
    const { columns: given = 0 } = output
    this.#width = given < NARROWEST ? WIDTH : Math.min(WIDTH, given)
  }

  title(text: string): void {
    this.#line(this.#paint('bold', text))
  }

  chapter(title: string): void {
    this.#chapter += 1
    this.#checkOfChapter = 0
    this.#line('')
    this.#line(this.#paint(['bold', 'cyan'], `${this.#chapter}  ${title}`))
  }

  /** What is tried next, under the number that its check will bear. */
  step(title: string): void {
    this.#stepOpen = true
    this.#line('')
    this.#line(`${this.#paint('bold', `${this.#chapter}.${this.#checkOfChapter + 1}`)} ${title}`)
  }

  say(text: string): void {
    for (const line of wrap(text, this.#width - INDENT)) this.#indented(line)
  }

  /** As it is, for what has a shape of its own. */
  verbatim(text: string): void {
    for (const line of text.split('\n')) this.#indented(line)
  }

  grid(rows: readonly (readonly string[])[]): void {
    const [head = '', ...body] = columns(rows)
    this.#indented(this.#paint('dim', head))
    for (const line of body) this.#indented(line)
  }

  /** A label, and texts wrapped beside it. */
  detail(label: string, ...texts: readonly string[]): void {
    const lines = texts.flatMap((text) => wrap(text, this.#width - INDENT - LABEL))
    for (const [index, line] of lines.entries()) {
      this.#indented(this.#paint('dim', (index === 0 ? label : '').padEnd(LABEL)) + line)
    }
  }

  check(check: Check): void {
    this.#checkOfChapter += 1
    const number = `${this.#chapter}.${this.#checkOfChapter}`
    this.#checks.push({ ...check, number })
    if (!check.asExpected) this.detail('expected', check.expected)
    const verdict = check.asExpected ? 'as expected' : 'NOT AS EXPECTED'
    // Under a step the title stands already.
    const title = this.#stepOpen ? '' : `: ${check.title}`
    this.#stepOpen = false
    this.#indented(`${this.#mark(check)} ${number} ${verdict}${title}`)
  }

  summary(): void {
    this.#line('')
    this.#line(this.#paint(['bold', 'cyan'], 'Summary'))
    const head = ['', 'what was tried', 'the caller saw', 'the operator saw']
    const rows = this.#checks.map((check) => [
      check.number,
      check.title,
      check.caller,
      check.operator ?? '–',
    ])
    const [headLine = '', ...lines] = columns([head, ...rows])
    this.#line(`  ${this.#paint('dim', headLine)}`)
    for (const [index, check] of this.#checks.entries()) {
      this.#line(`${this.#mark(check)} ${lines[index]}`)
    }
  }

  /** The last line, for people and for scripts. Returns whether all was as expected. */
  count(): boolean {
    const asExpected = this.#checks.filter((check) => check.asExpected).length
    const not = this.#checks.length - asExpected
    this.#line('')
    this.#line(`${asExpected} checks as expected, ${not} not`)
    return asExpected > 0 && not === 0
  }

  #mark({ asExpected }: Check): string {
    return asExpected ? this.#paint('green', '✔') : this.#paint(['bold', 'red'], '✘')
  }

  #paint(style: Style, text: string): string {
    return this.#color ? styleText(style, text) : text
  }

  #indented(text: string): void {
    this.#line(' '.repeat(INDENT) + text)
  }

  #line(text: string): void {
    this.#output.write(`${text.trimEnd()}\n`)
  }
}
