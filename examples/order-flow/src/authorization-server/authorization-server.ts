import { createServer } from 'node:http'
import express from 'express'
import { listen } from '../listen.ts'
import { newClientSecrets, providerConfiguration } from './configuration.ts'
import { interactionPages } from './interaction-pages.ts'
import { newSigningKeys, publicPart } from './keys.ts'
import { Provider } from './oidc-provider.ts'
import { subjectTokenVerifier } from './subject-token.ts'
import { registerTokenExchange } from './token-exchange-grant.ts'

export interface AuthorizationServer {
  readonly name: string
  readonly issuer: string
  /** Secrets of the confidential clients by client id, new at each start. */
  readonly clientSecrets: ReadonlyMap<string, string>
  readonly close: () => Promise<void>
  /** What a user fills in, page by page, where the pages are not this demo's own. */
  readonly forms?: (user: string, password: string, scope: string) => readonly Form[]
  /** Whether an exchanged token names who exchanged it as its actor (`act`), or as its client only. */
  readonly exchangeShows: 'actor' | 'client'
  /** Whether `act` is written only for an actor token (RFC 8693 section 2.1). */
  readonly wantsActorToken?: boolean
}

type Form = Readonly<Record<string, string>>

export interface AuthorizationServerOptions {
  /** Milliseconds, like `Date.now`: the time by which subject tokens are judged. */
  readonly now?: () => number
}

/** A real authorization server, in this process, on a free port of the loopback interface. */
export async function startAuthorizationServer({
  now = Date.now,
}: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const app = express()
  // The issuer's URL holds the port, so the port comes first and the provider after it.
  const { url: issuer, close } = await listen(createServer(app))

  const signingKeys = await newSigningKeys()
  const clientSecrets = newClientSecrets()
  const provider = new Provider(issuer, providerConfiguration(signingKeys, clientSecrets))
  const publicKeys = signingKeys.map(publicPart)
  registerTokenExchange(provider, subjectTokenVerifier({ issuer, publicKeys, now }))

  provider.on('server_error', (_ctx, error) => console.error(error))
  app.use(interactionPages(provider))
  app.use(provider.callback())
  return { name: 'oidc-provider', issuer, clientSecrets, close, exchangeShows: 'actor' }
}
