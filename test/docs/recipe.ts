import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createAdaptorServer } from '@hono/node-server'
import ts from 'typescript-5'
import { afterAll, onTestFinished } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { modulesOf } from './pages.ts'

const cache = join(root, 'node_modules/.cache/recipes')

let loaded = 0

/** The JavaScript of a module of a recipe, with another issuer. */
export function recipeCode(name: string, issuer: string, at = 0): string {
  const path = `docs/recipes/${name}.md`
  const code = modulesOf({ path, text: readFileSync(join(root, path), 'utf8') }).at(at)
  if (code === undefined) throw new Error(`${path} has no module ${at}`)
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  const { outputText } = ts.transpileModule(code, { compilerOptions })
  return outputText.replaceAll('https://as.example.com', issuer)
}

/**
 * Loads a module of a recipe as it is. Only the issuer is replaced, and the types are removed. Node itself loads the
 * module, as in an app, because bundlers resolve some packages differently.
 */
export async function loadRecipe<Module extends object>(
  name: string,
  issuer: string,
  at = 0,
): Promise<Module> {
  loaded += 1
  const file = join(cache, `${name}.${process.pid}.${loaded}.mjs`)
  mkdirSync(cache, { recursive: true })
  writeFileSync(file, recipeCode(name, issuer, at))
  afterAll(() => rmSync(file, { force: true }))
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module
}

/** Starts a server, and stops it when the test ends. */
export async function listen(server: Server): Promise<string> {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The same for a function of the Fetch standard. */
export const listenFetch = (
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<string> => listen(createAdaptorServer({ fetch }) as Server)

export const send = (
  url: string,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(url, {
    headers: { ...headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
  })
