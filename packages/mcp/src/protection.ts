import type { AccessToken } from '@resource-server/core'
import type { Gate, Guard } from '@resource-server/core/adapter'
import type { McpAuthInfo } from './auth-info.ts'
import { authentication, type Settings } from './check.ts'
import type { McpSettings } from './options.ts'
import { createSessions } from './sessions.ts'

/** What both kinds of hosts need. */
export interface Protection<C extends object> {
  readonly gate: Gate<C>
  readonly settings: Settings
  readonly guards: (challengeScope: readonly string[]) => readonly Guard[]
  readonly authInfo: (token: AccessToken<C>) => McpAuthInfo<C>
  /** Serves the metadata at its path. */
  readonly metadata: ReturnType<Gate<C>['metadata']>['pass'] | undefined
  readonly acceptParsedBody: boolean
}

/** What all handlers of one resource server share, including its sessions. Each handler adds its guards. */
export function protectionOf<C extends object>({
  gate,
  mcp: { baseScopes, rules, acceptParsedBody },
  metadata,
  authInfo,
}: Pick<Protection<C>, 'gate' | 'metadata' | 'authInfo'> & {
  readonly mcp: McpSettings
}): (guards: readonly Guard[]) => Protection<C> {
  const settings: Settings = { baseScopes, rules, sessions: createSessions() }
  return (guards) => ({
    gate,
    settings,
    guards: (challengeScope) => [authentication(challengeScope), ...guards],
    authInfo,
    metadata,
    acceptParsedBody,
  })
}

/** The response to `initialize` names the session, and later requests repeat it. */
export const sessionHeader = 'mcp-session-id'

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
