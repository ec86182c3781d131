// Finds a JDK and Maven.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../run.mjs'

/** The minimum version for Keycloak. */
export const neededJava = 21

/**
 * Finds the newest JDK in JAVA_HOME and the default folder.
 *
 * @returns {string | undefined} the JDK's home
 */
export function findJava() {
  const homes = [process.env.JAVA_HOME, ...installed('/usr/lib/jvm')].filter((home) => home)
  const found = homes
    .map((home) => ({ home: String(home), version: versionOf(String(home)) }))
    .filter(({ version }) => version >= neededJava)
    .toSorted((one, other) => other.version - one.version)
  return found[0]?.home
}

/** @type {(folder: string) => string[]} */
function installed(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

/** @type {(home: string) => number} 0 if there is no JDK */
function versionOf(home) {
  const release = join(home, 'release')
  const hasJava = existsSync(join(home, 'bin', 'java')) && existsSync(release)
  return hasJava ? Number(/JAVA_VERSION="(\d+)/.exec(readFileSync(release, 'utf8'))?.[1] ?? 0) : 0
}

export function hasMaven() {
  return run('mvn', ['--version'], { quiet: true }).ok
}

/**
 * Runs Maven. It caches downloads in its own repository, so a second call needs no network access.
 *
 * @param {readonly string[]} args
 * @param {{ cwd?: string, javaHome: string }} options
 */
export function maven(args, { cwd, javaHome }) {
  return run('mvn', ['-q', '-B', ...args], {
    ...(cwd && { cwd }),
    quiet: true,
    env: { JAVA_HOME: javaHome },
  })
}
