import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { root } from '../../scripts/run.mjs'
import { type Block, blocksOf, type Page } from './pages.ts'

/** One page of docs/providers, by the parts that it is bound to have. */
export interface ProviderPage extends Page {
  /** The lines of a service that takes the token. */
  readonly service: string
  /** A shell command that exchanges a token and prints the claims of the new one. */
  readonly request: string
  /** The claims of a token, without those that are a matter of time. */
  readonly token: Readonly<Record<string, unknown>> & { readonly iss: string; readonly aud: string }
  readonly blocks: readonly Block[]
}

export function readProviderPage(name: string): ProviderPage {
  const path = `docs/providers/${name}.md`
  const page = { path, text: readFileSync(join(root, path), 'utf8') }
  const blocks = blocksOf(page)
  const find = (language: string, part: string): string => {
    const found = blocks.find((block) => block.language === language && block.code.includes(part))
    if (!found) throw new Error(`${path} has no ${language} with ${part}`)
    return found.code
  }
  return {
    ...{ ...page, blocks },
    service: find('ts', 'app.listen(3000)'),
    request: find('sh', 'grant-type:token-exchange'),
    token: JSON.parse(find('json', '"iss"')) as ProviderPage['token'],
  }
}

/** Runs the page's request as it stands. Resolves to the claims that it prints. */
export async function runRequest(
  { request }: ProviderPage,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const { PATH = '' } = process.env
  const shell = spawn('sh', ['-eu', '-c', request], { env: { PATH, ...environment } })
  const [printed, complaints] = await Promise.all([text(shell.stdout), text(shell.stderr)])
  try {
    return JSON.parse(printed) as Record<string, unknown>
  } catch {
    throw new Error(`The request printed no claims:\n${printed}\n${complaints}`)
  }
}
