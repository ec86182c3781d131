import { styleText } from 'node:util'
import { columns, wrap } from './layout.ts'

type Style = Parameters<typeof styleText>[0]

/** The part of `process.stdout` that a report uses. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The result of one check. */
export interface Check {
  readonly title: string
  readonly passed: boolean
  /** The expected result. Printed only if the check failed. */
  readonly expected: string
  /** What the caller saw. */
  readonly caller: string
  /** What the operator saw. */
  readonly operator?: string | undefined
}

const INDENT = 4
const LABEL = 10
const MAX_WIDTH = 96
const MIN_WIDTH = 50

/** Prints the demo as it runs, and counts its checks. */
export class Report {
  readonly #checks: (Check & { readonly number: string })[] = []
  readonly #output: Output
  readonly #color: boolean
  readonly #width: number
  #section = 0
  #checksInSection = 0
  #stepOpen = false

  /** Uses color only on a terminal, and only if NO_COLOR is not set. */
  constructor(output: Output, noColor: string | undefined) {
    this.#output = output
    this.#color = output.isTTY === true && !noColor
    // A terminal of unknown size reports 0 columns.
    const { columns: available = 0 } = output
    this.#width = available < MIN_WIDTH ? MAX_WIDTH : Math.min(MAX_WIDTH, available)
  }

  title(text: string): void {
    this.#line(this.#paint('bold', text))
  }

  section(title: string): void {
    this.#section += 1
    this.#checksInSection = 0
    this.#line('')
    this.#line(this.#paint(['bold', 'cyan'], `${this.#section}  ${title}`))
  }

  /** The number of the next check, such as `2.1`. */
  get nextNumber(): string {
    return `${this.#section}.${this.#checksInSection + 1}`
  }

  /** Prints the title of the next case, with the number of its check. */
  step(title: string): void {
    this.#stepOpen = true
    this.#line('')
    this.#line(`${this.#paint('bold', this.nextNumber)} ${title}`)
  }

  text(text: string): void {
    for (const line of wrap(text, this.#width - INDENT)) this.#indented(line)
  }

  /** Prints preformatted text without wrapping it. */
  verbatim(text: string): void {
    for (const line of text.split('\n')) this.#indented(line)
  }

  table(rows: readonly (readonly string[])[]): void {
    const [header = '', ...lines] = columns(rows)
    this.#indented(this.#paint('dim', header))
    for (const line of lines) this.#indented(line)
  }

  /** Prints a label with wrapped text in a column to its right. */
  detail(label: string, ...texts: readonly string[]): void {
    const lines = texts.flatMap((text) => wrap(text, this.#width - INDENT - LABEL))
    for (const [index, line] of lines.entries()) {
      this.#indented(this.#paint('dim', (index === 0 ? label : '').padEnd(LABEL)) + line)
    }
  }

  check(check: Check): void {
    const number = this.nextNumber
    this.#checksInSection += 1
    this.#checks.push({ ...check, number })
    if (!check.passed) this.detail('expected', check.expected)
    const result = check.passed ? 'passed' : 'FAILED'
    // A step has already printed the title.
    const title = this.#stepOpen ? '' : `: ${check.title}`
    this.#stepOpen = false
    this.#indented(`${this.#mark(check)} ${number} ${result}${title}`)
  }

  summary(): void {
    this.#line('')
    this.#line(this.#paint(['bold', 'cyan'], 'Summary'))
    const header = ['', 'case', 'caller saw', 'operator saw']
    const rows = this.#checks.map((check) => [
      check.number,
      check.title,
      check.caller,
      check.operator ?? '–',
    ])
    const [headerLine = '', ...lines] = columns([header, ...rows])
    this.#line(`  ${this.#paint('dim', headerLine)}`)
    for (const [index, check] of this.#checks.entries()) {
      this.#line(`${this.#mark(check)} ${lines[index]}`)
    }
  }

  /** Prints the totals in a line that `scripts/tally.mjs` reads. Returns whether every check passed. */
  count(): boolean {
    const passed = this.#checks.filter((check) => check.passed).length
    const failed = this.#checks.length - passed
    this.#line('')
    this.#line(`${passed} checks passed, ${failed} failed`)
    return passed > 0 && failed === 0
  }

  #mark({ passed }: Check): string {
    return passed ? this.#paint('green', '✔') : this.#paint(['bold', 'red'], '✘')
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
