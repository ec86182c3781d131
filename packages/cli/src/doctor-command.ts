import { createGate } from '@resource-server/core/adapter'
import {
  ConfigError,
  type KeyHealth,
  type ResourceServerOptions,
  VerificationError,
} from '@resource-server/core'
import { type FetchedDocument, fetchDocument, metadataUrls, printable } from './documents.ts'
import { readSetup, type SetupArguments } from './input.ts'
import {
  type ExitCode,
  exitCodes,
  type Finding,
  formatFindings,
  formatJson,
  type Terminal,
} from './terminal.ts'

export interface DoctorArguments extends SetupArguments {
  readonly json?: boolean
}

/** A smaller skew is normal, because the date has whole seconds. */
const maxSkew = 2

/** Prints what is wrong with the setup of a service and its issuers. */
export async function doctorCommand(given: DoctorArguments, terminal: Terminal): Promise<ExitCode> {
  const options = await readSetup(given)
  const gate = createGate({ ...options, log: 'off' })
  const failure = await gate.operations.warmUp().then(
    () => undefined,
    (error: unknown) => error,
  )
  const { issuers } = gate.operations.health()
  gate.operations.close()
  const findings: Finding[] = [
    ...(await Promise.all(issuers.map((health) => examine(health, options)))).flat(),
    ...examineOptions(options),
  ]
  // Usually the report of an issuer has the reason already.
  if (failure !== undefined && !findings.some(isFailed)) findings.push(describeFailure(failure))
  terminal.write(given.json ? formatJson(findings) : formatFindings(findings, terminal))
  return findings.some(isFailed) ? exitCodes.problem : exitCodes.ok
}

const isFailed = ({ result }: Finding): boolean => result === 'failed'

const finding =
  (result: Finding['result']) =>
  (check: string, detail: string): Finding => ({ check, result, detail })
const passed = finding('passed')
const failed = finding('failed')
const skipped = finding('skipped')

async function examine(
  health: KeyHealth,
  options: ResourceServerOptions,
): Promise<readonly Finding[]> {
  const { issuer } = health
  const documents = isDiscovered(issuer, options)
    ? await Promise.all(metadataUrls(issuer).map(fetchDocument))
    : []
  return [
    passed('issuer', issuer),
    ...examineMetadata(issuer, documents),
    ...examineKeys(health),
    ...examineClock(health),
  ]
}

/** Whether the keys are found through the metadata of the issuer. */
function isDiscovered(issuer: string, options: ResourceServerOptions): boolean {
  const entries: readonly unknown[] = [options.issuer ?? [], options.issuers ?? []].flat()
  const entry = entries.find((one) => isObject(one) && one['issuer'] === issuer)
  return !isObject(entry) || (entry['jwksUri'] === undefined && entry['jwks'] === undefined)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** One document is enough. */
function examineMetadata(
  issuer: string,
  documents: readonly FetchedDocument[],
): readonly Finding[] {
  const found = documents.find(({ body }) => body)
  const lines = documents.map(({ url, problem }) => {
    if (problem === undefined) return passed('metadata', url)
    return (found ? skipped : failed)('metadata', `${url}: ${problem}`)
  })
  return found ? [...lines, ...examineIdentity(issuer, found)] : lines
}

function examineIdentity(issuer: string, { body = {} }: FetchedDocument): readonly Finding[] {
  const name = body['issuer']
  const shown = typeof name === 'string' ? printable(name) : 'absent'
  const keys = body['jwks_uri']
  return [
    name === issuer
      ? passed('issuer in the metadata', shown)
      : failed(
          'issuer in the metadata',
          `${shown}, but 'issuer' is ${issuer}. They must be identical`,
        ),
    typeof keys === 'string'
      ? passed('key set', printable(keys))
      : failed('key set', 'the metadata has no jwks_uri'),
  ]
}

function examineKeys({ state, keys, skipped: unused, lastError }: KeyHealth): readonly Finding[] {
  const line =
    state === 'none'
      ? failed('keys', `no usable key${lastError === undefined ? '' : `: ${lastError}`}`)
      : passed('keys', `${keys} usable`)
  return [
    line,
    ...unused.map(({ kid, reason }) => skipped('unused key', `${kid ?? 'without kid'}: ${reason}`)),
  ]
}

function examineClock({ clockSkew }: KeyHealth): readonly Finding[] {
  if (clockSkew === undefined) return []
  const seconds = Math.round(Math.abs(clockSkew))
  if (seconds <= maxSkew) return [passed('clock', 'agrees with the authorization server')]
  const where = clockSkew > 0 ? 'ahead of' : 'behind'
  return [failed('clock', `${seconds} s ${where} the authorization server. Correct the wrong one`)]
}

function describeFailure(failure: unknown): Finding {
  const isOurs = failure instanceof ConfigError || failure instanceof VerificationError
  return failed('warm-up', isOurs ? failure.message : 'an unexpected error')
}

function examineOptions({ audience, resource }: ResourceServerOptions): readonly Finding[] {
  return [
    audience === undefined
      ? skipped('audience', 'not configured: every route needs requireAudience')
      : passed('audience', JSON.stringify(audience)),
    resource === undefined
      ? skipped('resource metadata', "not served: 'resource' is not set")
      : passed('resource metadata', JSON.stringify(resource)),
  ]
}
