// workerd passes the configuration with each request.
import { createApp } from './app.mjs'

/** @type {ReturnType<typeof createApp> | undefined} */
let app

export default {
  /** @type {(request: Request, env: { ISSUER: string }) => Response | Promise<Response>} */
  fetch(request, { ISSUER }) {
    app ??= createApp(ISSUER)
    return app.fetch(request)
  },
}
