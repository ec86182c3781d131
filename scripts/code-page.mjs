// `npm run docs:codes`: writes docs/codes.md, with every code, what the caller sees, the usual causes, and what to do.
// A test fails if the page differs, or if a code has no explanation.
import './help.mjs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explanations } from './code-explanations.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** @typedef {import('@resource-server/core').Code} Code */
/** @typedef {import('@resource-server/core').CodeEntry} CodeEntry */

export const page = join(root, 'docs/codes.md')

const introduction = `# Codes

A refused request gets a short response: a status, an error code, and one sentence. The full reason is in the decision
record, along with one of the codes on this page. For each code, the page says what it means, what the caller sees, what
usually causes it, and what to do.

\`\`\`ts
import { resourceServer } from '@resource-server/express'

export const api = resourceServer({
  issuer: 'https://as.example.com',
  audience: 'order-service',
  onDecision: ({ outcome, code, reason }) => {
    if (outcome !== 'granted') console.log(code, reason) // audience_mismatch the token's aud is …
  },
})
\`\`\`

To print refusals without a listener, start the process with \`NODE_DEBUG=resource-server\`. The docs site has a page
where you can [try a token](../site/live.md): it shows each check and the response, and the token stays in your browser.
`

/**
 * The page.
 *
 * @param {Readonly<Record<Code, CodeEntry>>} codes
 */
export function codePage(codes) {
  const entries = /** @type {[Code, CodeEntry][]} */ (Object.entries(codes))
  const overview = entries.map(
    ([code, { status, error }]) => `| [\`${code}\`](#${code}) | ${status} | ${asCode(error)} |`,
  )
  const head = ['| code | status | `error` in the challenge |', '|---|---|---|']
  const sections = entries.map(([code, entry]) => section(code, entry))
  return [introduction, [...head, ...overview].join('\n'), ...sections].join('\n') + '\n'
}

/** @type {(code: Code, entry: CodeEntry) => string} */
function section(code, { status, error, description, spec }) {
  const { meaning, causes } = explanations[code]
  const rows = causes.map(([cause, fix]) => `| ${cause} | ${fix} |`)
  return [
    `\n## ${code}\n`,
    `${meaning}\n`,
    `The caller sees: ${status}${error ? `, ${asCode(error)}` : ''}, "${description}". Source: ${sourceOf(spec)}.\n`,
    '| usual cause | what to do |',
    '|---|---|',
    ...rows,
  ].join('\n')
}

/** @type {(error: string | undefined) => string} */
const asCode = (error) => (error ? `\`${error}\`` : 'none')

/** @type {(url: string) => string} */
function sourceOf(url) {
  const [, number, part] = /rfc(\d+)#section-(.+)$/.exec(url) ?? []
  return `[RFC ${number} section ${part}](${url})`
}

/** @returns {Promise<Readonly<Record<Code, CodeEntry>>>} */
export async function readCodes() {
  return (await import(new URL('../packages/core/dist/index.js', import.meta.url).href)).codes
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp({ forTests: false })
  if (!run(tool('tsc'), ['-b']).ok) process.exit(1)
  writeFileSync(page, codePage(await readCodes()))
}
