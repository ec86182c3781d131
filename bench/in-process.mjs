// (f) One request without a socket: what a guard adds to a framework. Each framework has a process of its own.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { frameworks } from './http.mjs'

const child = fileURLToPath(new URL('lib/in-process-child.mjs', import.meta.url))

/** @typedef {{ rounds: number, batch: number, warmUp: number, only?: readonly string[], contenders?: readonly string[] }} Size */

/**
 * @param {Size} size
 * @returns {{ framework: string, state: string, rows: { name: string, cpu: number, above: number, aboveSignature: number, before: number }[] }[]}
 */
export function measureInProcess({ only = frameworks, contenders, ...size }) {
  return only.flatMap((framework) => {
    const argument = JSON.stringify({ framework, contenders, ...size })
    return JSON.parse(execFileSync(process.execPath, [child, argument], { encoding: 'utf8' }))
  })
}
