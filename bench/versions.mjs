// (i) One verification of a new token on each supported version of Node. npx installs them.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('lib/versions-child.mjs', import.meta.url))

/**
 * @param {{ versions: readonly string[], rounds: number, batch: number, warmUp: number }} size
 * @returns {{ node: string, tables: readonly { algorithm: string, inFlight: number, rows: readonly { name: string, cpu: number, ratio: number }[] }[] }[]}
 */
export function measureVersions({ versions, ...size }) {
  return versions.map((version) => {
    const command = ['--yes', '--package', `node@${version}`, '--', 'node', child]
    const output = execFileSync('npx', [...command, JSON.stringify(size)], { encoding: 'utf8' })
    return JSON.parse(output)
  })
}
