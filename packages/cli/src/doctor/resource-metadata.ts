import { createGate } from '@resource-server/core/adapter'
import type { ResourceServerOptions } from '@resource-server/core'
import { fetchDocument } from '../documents.ts'
import type { Finding } from '../terminal.ts'
import { failed, passed, skipped } from './finding.ts'

const check = 'resource metadata'

/** Whether clients find the metadata of this service at the URL that its challenges name (RFC 9728 section 3). */
export async function examineResourceMetadata(
  options: ResourceServerOptions,
): Promise<readonly Finding[]> {
  const { resource } = options
  if (resource === undefined) return [skipped(check, "not served: 'resource' is not set")]
  const gate = createGate({ ...options, log: 'off' })
  const { url } = gate.metadata()
  gate.operations.close()
  const { status, body, problem } = await fetchDocument(url)
  if (status === undefined) {
    return [skipped(check, `${url}: ${problem}. Start the service to check it`)]
  }
  if (status === 404) {
    const fix =
      'Mount metadata() at the root of the app, before the guards: app.use(api.metadata()). Under a prefix, it serves nothing.'
    return [failed(check, `${url}: status 404`, fix)]
  }
  if (problem !== undefined)
    return [failed(check, `${url}: ${problem}`, 'Mount metadata() before the guards.')]
  if (body?.['resource'] === resource) return [passed(check, url)]
  const fix =
    "Set 'resource' to the URL that clients use. Use the same value in all services behind this URL."
  return [failed(check, `the resource in ${url} differs from the option 'resource'`, fix)]
}
