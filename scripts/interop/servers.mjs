// Fetches the servers that npm does not have, once: Keycloak's distribution, and the jar of Spring
// Authorization Server, built from examples/order-flow/servers.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root } from '../run.mjs'
import { findJava, hasMaven, maven, neededJava } from './java.mjs'

const versions = { keycloak: '26.7.4', springBoot: '4.1.1' }

const folder = join(cache, 'interop')
const springSources = join(root, 'examples/order-flow/servers/spring-authorization-server')

/**
 * Where the servers are, fetched and built if they are not here; or what is missing on this machine.
 *
 * @returns {Record<string, string> | string}
 */
export function realServers() {
  const javaHome = findJava()
  const missing = [!javaHome && `no JDK ${neededJava} or newer`, !hasMaven() && 'no Maven']
  if (!javaHome || missing.some(Boolean)) return `there is ${missing.filter(Boolean).join(' and ')}`
  console.log(`Keycloak ${versions.keycloak}: fetching, if it is not here`)
  const keycloak = fetchKeycloak(javaHome)
  console.log('Spring Authorization Server: building, if it is not here')
  return {
    INTEROP_JAVA_HOME: javaHome,
    INTEROP_KEYCLOAK_HOME: keycloak,
    INTEROP_SPRING_JAR: buildSpring(javaHome),
  }
}

/** @type {(javaHome: string) => string} the home of the unpacked server. @throws where it cannot be had */
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
  if (!ok) throw new Error(`Keycloak cannot be had:\n${output}`)
  return home
}

/** @type {(javaHome: string) => string} the jar. @throws where it cannot be built */
function buildSpring(javaHome) {
  const project = join(folder, `spring-${fingerprint(springSources)}`)
  const jar = join(project, 'target', 'authorization-server.jar')
  if (existsSync(jar)) return jar
  rmSync(project, { recursive: true, force: true })
  cpSync(springSources, project, { recursive: true })
  const { ok, output } = maven(['-DskipTests', 'package'], { cwd: project, javaHome })
  if (!ok) throw new Error(`Spring Authorization Server cannot be built:\n${output}`)
  return jar
}

/** @type {(directory: string) => string} of all that the build reads */
function fingerprint(directory) {
  const hash = createHash('sha256')
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)))
  }
  return hash.digest('hex').slice(0, 12)
}
