import { type AccessToken, ConfigError } from '@resource-server/core'
import { ignoredWrite } from '@resource-server/core/adapter'
import express from 'express'

/**
 * Opt-in, by `import '@resource-server/express/augment'`: declares `req.auth` for all of Express, and
 * makes it throw on requests that no guard has seen. Opt-in because other packages use the name too: their writes
 * to `req.auth` are ignored, with one warning.
 * With `optional: true`, or with claims of your own, use `api.token(req)`, which is typed for both.
 */
declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the only way to add to Express's types
  namespace Express {
    interface Request {
      readonly auth: AccessToken
    }
  }
}

Object.defineProperty(express.request, 'auth', {
  configurable: true,
  get(): never {
    throw new ConfigError(
      'No guard ran on this request.',
      "Put requireAudience('…') before this handler.",
    )
  },
  // A value that other code writes must not be taken for a verified token.
  set: ignoredWrite('req.auth', 'api.token(req)'),
})
