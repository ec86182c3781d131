import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePort, start } from '../../examples/order-flow/src/servers/child-process.ts'
import { certificate } from './certificates.ts'
import { progress } from './environment.ts'

/** The services behind a proxy. Each one is reached in another way. */
interface Upstreams {
  /** The proxy removes `/shop`. */
  readonly stripped: number
  /** The proxy passes `/kept` on. */
  readonly kept: number
  /** The proxy adds `/internal`. */
  readonly added: number
  /** The path of a Unix domain socket. The proxy removes `/file`. */
  readonly file: string
  /** Speaks HTTP/2 without TLS. The proxy removes `/h2`. HAProxy only. */
  readonly http2: number
}

/** A running proxy that ends TLS. */
export interface Proxy {
  /** On 127.0.0.1 and on ::1. */
  readonly port: number
  readonly stop: () => Promise<void>
}

export interface ProxyKind {
  readonly name: string
  readonly mtls: {
    readonly from: 'header'
    readonly format: 'nginx-pem' | 'rfc9440' | 'xfcc'
    readonly header: string
  }
  /** The loopback address from which it connects to services, so that they can tell it from other clients. */
  readonly address: string
  /** The value with which it forwards a certificate. A thief can write it too. */
  readonly headerValue: (pem: string, der: Buffer) => string
  readonly start: (port: number, upstreams: Upstreams) => Promise<Proxy>
}

type Configure = (setup: Setup) => string

interface Setup {
  readonly folder: string
  readonly port: number
  readonly readyPort: number
  readonly upstreams: Upstreams
}

/** nginx has no variable in the form of RFC 9440, so it forwards the certificate as escaped PEM. */
const nginxConfiguration: Configure = ({ folder, port, readyPort, upstreams }) => `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${readyPort}; location / { return 200; } }
  server {
    listen 127.0.0.1:${port} ssl http2;
    listen [::1]:${port} ssl http2;
    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.pem;
    ssl_verify_client optional_no_ca;
    proxy_bind ${nginx.address};
    # Replaces what the client sent. It is not sent if there is no certificate.
    proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
    location /shop/ { proxy_pass http://127.0.0.1:${upstreams.stripped}/; }
    location /kept/ { proxy_pass http://127.0.0.1:${upstreams.kept}; }
    location /file/ { proxy_bind off; proxy_pass http://unix:${upstreams.file}:/; }
    location / { proxy_pass http://127.0.0.1:${upstreams.added}/internal/; }
  }
}
`

const haproxyConfiguration: Configure = ({ folder, port, readyPort, upstreams }) => {
  const tls = `ssl crt ${folder}/server.pem verify optional ca-file ${folder}/server.pem ca-ignore-err all crt-ignore-err all alpn h2,http/1.1`
  return `
global
  maxconn 64
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend ready
  bind 127.0.0.1:${readyPort}
  http-request return status 200
frontend public
  bind 127.0.0.1:${port} ${tls}
  bind ipv6@::1:${port} ${tls}
  # Removes what the client sent, also if there is no certificate.
  http-request del-header Client-Cert
  http-request del-header X-Forwarded-Client-Cert
  http-request set-header Client-Cert :%[ssl_c_der,base64]: if { ssl_c_used }
  http-request set-header X-Forwarded-Client-Cert Hash=%[ssl_c_der,sha2(256),hex] if { ssl_c_used }
  use_backend stripped if { path_beg /shop/ }
  use_backend kept if { path_beg /kept/ }
  use_backend file if { path_beg /file/ }
  use_backend http2 if { path_beg /h2/ }
  default_backend added
backend stripped
  http-request replace-path /shop/(.*) /\\1
  server one 127.0.0.1:${upstreams.stripped} source ${haproxy.address}
backend kept
  server one 127.0.0.1:${upstreams.kept} source ${haproxy.address}
backend file
  http-request replace-path /file/(.*) /\\1
  server one unix@${upstreams.file}
backend http2
  http-request replace-path /h2/(.*) /\\1
  server one 127.0.0.1:${upstreams.http2} proto h2 source ${haproxy.address}
backend added
  http-request set-path /internal%[path]
  server one 127.0.0.1:${upstreams.added} source ${haproxy.address}
`
}

export const nginx: ProxyKind = {
  name: 'nginx',
  mtls: { from: 'header', format: 'nginx-pem', header: 'X-Client-Cert' },
  address: '127.0.0.2',
  headerValue: (pem) => encodeURIComponent(pem),
  start: (port, upstreams) =>
    startProxy('nginx', port, upstreams, nginxConfiguration, (file) => ['-c', file]),
}

export const haproxy: ProxyKind = {
  name: 'HAProxy',
  mtls: { from: 'header', format: 'rfc9440', header: 'Client-Cert' },
  address: '127.0.0.3',
  headerValue: (_pem, der) => `:${der.toString('base64')}:`,
  start: (port, upstreams) =>
    startProxy('haproxy', port, upstreams, haproxyConfiguration, (file) => ['-db', '-f', file]),
}

async function startProxy(
  command: string,
  port: number,
  upstreams: Upstreams,
  configure: Configure,
  args: (file: string) => readonly string[],
): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), `${command}-`))
  const { cert, key } = certificate('proxy')
  writeFileSync(join(folder, 'server.pem'), cert + key)
  const readyPort = await freePort()
  const file = join(folder, 'proxy.conf')
  writeFileSync(file, configure({ folder, port, readyPort, upstreams }))
  const running = await start(
    {
      name: command,
      command,
      args: args(file),
      readyUrl: `http://127.0.0.1:${readyPort}/`,
      log: join(folder, 'output.log'),
    },
    progress,
  )
  return {
    port,
    stop: async () => {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
