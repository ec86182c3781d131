import { createApp } from './app.mjs'

const { fetch } = createApp(Deno.env.get('ISSUER'))
const onListen = ({ port }) => console.log(`port ${port}`)
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, (request) => fetch(request))
