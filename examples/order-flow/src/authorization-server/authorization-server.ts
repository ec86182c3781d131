import { createServer } from 'node:http'
import type { DialectName } from '@resource-server/exchange'
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
  /** The secrets of the confidential clients, by client ID. */
  readonly clientSecrets: ReadonlyMap<string, string>
  readonly close: () => Promise<void>
  /** What a user enters on each page. Absent if the server uses the demo's own pages. */
  readonly forms?: (user: string, password: string, scope: string) => readonly Form[]
  /** How tokens identify the service that exchanged them: as the actor (`act`) or only as the client. */
  readonly exchangerRole: 'actor' | 'client'
  /** How the server exchanges tokens. */
  readonly dialect: DialectName
  /** Stops listening, runs `whileDown`, and listens again. Absent if the demo does not stop this server. */
  readonly interrupt?: (whileDown: () => Promise<void>) => Promise<void>
}

type Form = Readonly<Record<string, string>>

export interface AuthorizationServerOptions {
  /** Returns the time for the expiry check of subject tokens, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number
}

/** Starts oidc-provider in this process, on a free port of the loopback interface. */
export async function startAuthorizationServer({
  now = Date.now,
}: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const app = express()
  // The issuer URL contains the port, so the server must listen before the provider is created.
  const http = createServer(app)
  const { url: issuer, close } = await listen(http)

  const signingKeys = await newSigningKeys()
  const clientSecrets = newClientSecrets()
  const provider = new Provider(issuer, providerConfiguration(signingKeys, clientSecrets))
  const publicKeys = signingKeys.map(publicPart)
  registerTokenExchange(provider, subjectTokenVerifier({ issuer, publicKeys, now }))

  provider.on('server_error', (_ctx, error) => console.error(error))
  app.use(interactionPages(provider))
  app.use(provider.callback())
  return {
    name: 'oidc-provider',
    issuer,
    clientSecrets,
    close,
    exchangerRole: 'actor',
    dialect: 'rfc8693',
    interrupt: async (whileDown) => {
      await close()
      await whileDown()
      await listen(http, Number(new URL(issuer).port))
    },
  }
}
