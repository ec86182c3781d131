// Downloads and builds the servers for the interop tests once: the Keycloak distribution, and the jar of Spring
// Authorization Server from examples/order-flow/servers.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root, run } from '../run.mjs'
import { findJava, hasMaven, maven, neededJava } from './java.mjs'

const versions = { keycloak: '26.7.4', springBoot: '4.1.1' }

const folder = join(cache, 'interop')
const zitadelSources = join(root, 'test/interop/zitadel')
const hydraModule = join(root, 'test/interop/hydra')
const springSources = join(root, 'examples/order-flow/servers/spring-authorization-server')

/**
 * Downloads and builds the servers if necessary. Returns environment variables with their paths, or a
 * description of what this machine lacks.
 *
 * @returns {Record<string, string> | string}
 */
export function realServers() {
  const javaHome = findJava()
  const missing = [!javaHome && `no JDK ${neededJava} or newer`, !hasMaven() && 'no Maven']
  if (!javaHome || missing.some(Boolean)) return `${missing.filter(Boolean).join(' and ')} found`
  console.log(`Keycloak ${versions.keycloak}: downloading if necessary`)
  const keycloak = fetchKeycloak(javaHome)
  console.log('Spring Authorization Server: building if necessary')
  return {
    INTEROP_JAVA_HOME: javaHome,
    INTEROP_KEYCLOAK_HOME: keycloak,
    INTEROP_SPRING_JAR: buildSpring(javaHome),
    ...buildZitadel(),
  }
}

/**
 * Builds the example server of zitadel/oidc, which takes seconds. Without Go, its tests do not run, and print so.
 *
 * @returns {Record<string, string>}
 */
function buildZitadel() {
  if (!run('go', ['version'], { quiet: true }).ok) return {}
  console.log('zitadel/oidc: building if necessary')
  const binary = join(folder, `zitadel-${fingerprint(zitadelSources)}`)
  if (existsSync(binary)) return { INTEROP_ZITADEL: binary }
  mkdirSync(folder, { recursive: true })
  const { ok, output } = run('go', ['build', '-o', binary, '.'], {
    cwd: zitadelSources,
    quiet: true,
  })
  if (!ok) throw new Error(`zitadel/oidc could not be built:\n${output}`)
  return { INTEROP_ZITADEL: binary }
}

/**
 * Builds Ory Hydra, which takes about ten minutes the first time.
 *
 * @returns {Record<string, string> | string} an environment variable with its path, or what this machine lacks
 */
export function hydra() {
  if (!run('go', ['version'], { quiet: true }).ok) return 'no Go found'
  const binary = join(folder, `hydra-${fingerprint(hydraModule)}`)
  if (existsSync(binary)) return { INTEROP_HYDRA: binary }
  console.log('Ory Hydra: building, about ten minutes')
  mkdirSync(folder, { recursive: true })
  const { ok, output } = run(
    'go',
    ['build', '-tags', 'sqlite', '-o', binary, 'github.com/ory/hydra/v2'],
    { cwd: hydraModule, quiet: true },
  )
  if (!ok) throw new Error(`Ory Hydra could not be built:\n${output}`)
  return { INTEROP_HYDRA: binary }
}

/** @type {(javaHome: string) => string} the unpacked server's folder. @throws if the download fails */
function fetchKeycloak(javaHome) {
  const home = join(folder, `keycloak-${versions.keycloak}`)
  if (existsSync(join(home, 'bin', 'kc.sh'))) return home
  mkdirSync(folder, { recursive: true })
  const artifact = `org.keycloak:keycloak-quarkus-dist:${versions.keycloak}:zip`
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'
  const { ok, output } = maven([plugin, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`], {
    cwd: folder,
    javaHome,
  })
  if (!ok) throw new Error(`Keycloak could not be downloaded:\n${output}`)
  return home
}

/** @type {(javaHome: string) => string} the jar. @throws if the build fails */
function buildSpring(javaHome) {
  const project = join(folder, `spring-${fingerprint(springSources)}`)
  const jar = join(project, 'target', 'authorization-server.jar')
  if (existsSync(jar)) return jar
  rmSync(project, { recursive: true, force: true })
  cpSync(springSources, project, { recursive: true })
  const { ok, output } = maven(['-DskipTests', 'package'], { cwd: project, javaHome })
  if (!ok) throw new Error(`Spring Authorization Server could not be built:\n${output}`)
  return jar
}

/** @type {(directory: string) => string} a hash of all files that the build reads */
function fingerprint(directory) {
  const hash = createHash('sha256')
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 12)
}
