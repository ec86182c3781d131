import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { root } from '../../scripts/run.mjs'
import { type Block, blocksOf, type Page } from './pages.ts'

/** A page of docs/providers, with the parts that each of them must have. */
export interface ProviderPage extends Page {
  /** The code of a service that accepts the provider's tokens. */
  readonly service: string
  /** A shell command that exchanges a token and prints the claims of the new token. */
  readonly request: string
  /** The claims of an exchanged token, without timestamps. */
  readonly token: Readonly<Record<string, unknown>> & { readonly iss: string; readonly aud: string }
  readonly blocks: readonly Block[]
}

export function readProviderPage(name: string): ProviderPage {
  const path = `docs/providers/${name}.md`
  const page = { path, text: readFileSync(join(root, path), 'utf8') }
  const blocks = blocksOf(page)
  const find = (language: string, part: string): string => {
    const found = blocks.find((block) => block.language === language && block.code.includes(part))
    if (!found) throw new Error(`${path} has no ${language} block that contains ${part}`)
    return found.code
  }
  return {
    ...page,
    blocks,
    service: find('ts', 'app.listen(3000)'),
    request: find('sh', 'grant-type:token-exchange'),
    token: JSON.parse(find('json', '"iss"')) as ProviderPage['token'],
  }
}

/** Runs the request of the page unchanged. Resolves to the claims that it prints. */
export async function runRequest(
  { request }: ProviderPage,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const { PATH = '' } = process.env
  const shell = spawn('sh', ['-eu', '-c', request], { env: { PATH, ...environment } })
  const [output, errors] = await Promise.all([text(shell.stdout), text(shell.stderr)])
  try {
    return JSON.parse(output) as Record<string, unknown>
  } catch {
    throw new Error(`The request did not print claims:\n${output}\n${errors}`)
  }
}
