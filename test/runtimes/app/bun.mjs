import { createApp } from './app.mjs'

const { fetch } = createApp(process.env['ISSUER'] ?? '')
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => fetch(request) })
console.log(`port ${server.port}`)
