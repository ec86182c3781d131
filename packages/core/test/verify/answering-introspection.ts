import type {
  Introspection,
  IntrospectionAnswer,
  IntrospectionContext,
} from '../../src/options/introspection.ts'

/** An introspection that answers what the test says, and the texts that it was asked about. */
export interface AnsweringIntrospection extends Introspection {
  readonly asked: string[]
  readonly contexts: IntrospectionContext[]
  readonly closed: () => boolean
}

export type Answer = (text: string) => IntrospectionAnswer | Promise<IntrospectionAnswer>

export function createIntrospection(
  answer: Answer,
  options: Partial<Introspection> = {},
): AnsweringIntrospection {
  const asked: string[] = []
  const contexts: IntrospectionContext[] = []
  let closed = false
  return {
    prefix: undefined,
    jwts: 'verify',
    missingAudience: 'refuse',
    signedResponses: false,
    ...options,
    asked,
    contexts,
    closed: () => closed,
    connect: (context) => {
      contexts.push(context)
      return {
        introspect: (text) => {
          asked.push(text)
          return answer(text)
        },
        health: () => ({
          issuer: context.issuer,
          state: 'ok',
          requests: asked.length,
          failures: 0,
          cached: 0,
        }),
        close: () => void (closed = true),
      }
    },
  }
}

/** An answer that the token is active, with these claims. */
export const active = (
  claims: object,
  more: { readonly cached?: boolean; readonly stale?: boolean } = {},
): IntrospectionAnswer => ({ outcome: 'active', claims: { ...claims }, cached: false, ...more })
