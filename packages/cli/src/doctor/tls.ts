import { isIP } from 'node:net'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { printable } from '../documents.ts'
import type { Finding } from '../terminal.ts'
import { failed, passed, skipped, warning } from './finding.ts'

/** A connection to a server, and what Node says about its certificate. */
interface Connection {
  readonly protocol: string
  readonly certificate: PeerCertificate
  /** The code of the error for which Node would refuse the connection. */
  readonly problem: string | undefined
}

/** In milliseconds. */
const timeout = 5_000
/** Certificates are usually renewed before this. In days. */
const soon = 14

/** Examines the connections to the servers of these URLs. */
export async function examineTls(urls: readonly string[]): Promise<readonly Finding[]> {
  const servers = [...new Set(urls.flatMap(serverOf))]
  return (await Promise.all(servers.map(examineServer))).flat()
}

function serverOf(url: string): readonly string[] {
  const { protocol, hostname, port } = new URL(url)
  return protocol === 'https:' ? [`${hostname}:${port || '443'}`] : []
}

async function examineServer(server: string): Promise<readonly Finding[]> {
  const check = 'TLS'
  try {
    const { protocol, certificate, problem } = await connectTo(server)
    const name = `${server}, ${protocol}`
    if (problem !== undefined) {
      const [what, fix] = problems[problem] ?? [problem, 'Check the certificate of the server.']
      return [failed(check, `${name}: ${what} (${problem})`, fix)]
    }
    return [passed(check, `${name}, ${describe(certificate)}`), ...examineExpiry(certificate)]
  } catch (error) {
    return [withoutConnection(server, error)]
  }
}

/** A service with a proxy or an agent of its own may reach a server that doctor does not reach. */
function withoutConnection(server: string, error: unknown): Finding {
  const reason = error instanceof Error ? printable(error.message) : 'unknown error'
  if (/^(?:ERR_SSL|EPROTO)/.test(codeOf(error))) {
    return failed('TLS', `${server}: ${reason}`, 'Have the server offer TLS 1.2 or 1.3.')
  }
  return skipped('TLS', `${server}: no direct connection (${reason})`)
}

/** The certificate is examined even if Node would refuse it. Nothing is sent over the connection. */
function connectTo(server: string): Promise<Connection> {
  const at = server.lastIndexOf(':')
  const host = server.slice(0, at).replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      {
        host,
        port: Number(server.slice(at + 1)),
        // Names only: RFC 6066 section 3.
        ...(isIP(host) === 0 && { servername: host }),
        rejectUnauthorized: false,
        timeout,
      },
      () => {
        resolve({
          protocol: socket.getProtocol() ?? 'an unknown protocol',
          certificate: socket.getPeerCertificate(),
          problem: socket.authorized ? undefined : codeOf(socket.authorizationError),
        })
        socket.destroy()
      },
    )
    socket.once('error', reject)
    socket.once('timeout', () =>
      socket.destroy(new Error(`no response within ${timeout / 1000} s`)),
    )
  })
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : String(error)
}

const privateAuthority =
  'If a private authority issued it, start Node.js with NODE_EXTRA_CA_CERTS=/path/to/ca.crt.'

/** What Node's codes mean, and what to do. */
const problems: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  CERT_HAS_EXPIRED: ['the certificate has expired', 'Renew it on the server.'],
  CERT_NOT_YET_VALID: ['the certificate is not valid yet', 'Check the clock of this machine.'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'the certificate is for another name',
    'Use the name in the certificate, or get one for this name.',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate is self-signed', privateAuthority],
  SELF_SIGNED_CERT_IN_CHAIN: ['its authority is not trusted', privateAuthority],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the certificate chain is incomplete',
    `Have the server send its intermediate certificates. ${privateAuthority}`,
  ],
  UNABLE_TO_GET_ISSUER_CERT: ['its authority is not trusted', privateAuthority],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its authority is not trusted', privateAuthority],
}

function describe({ subject, issuer, valid_to: end }: PeerCertificate): string {
  const name = (who: PeerCertificate['subject'] | undefined): string =>
    printable([who?.CN ?? who?.O ?? 'unnamed'].flat().join(', '))
  return `certificate of ${name(subject)}, issued by ${name(issuer)}, valid until ${dateOf(end)}`
}

function examineExpiry({ valid_to: end }: PeerCertificate): readonly Finding[] {
  const days = Math.floor((Date.parse(end) - Date.now()) / 86_400_000)
  if (!(days < soon)) return []
  return [warning('TLS', `the certificate expires in ${days} days`, 'Renew it on the server.')]
}

function dateOf(text: string): string {
  const time = Date.parse(text)
  return Number.isNaN(time) ? printable(text) : new Date(time).toISOString().slice(0, 10)
}
