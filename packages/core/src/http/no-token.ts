import { ConfigError } from '../errors/refusal.ts'
import type { RequestState } from './request-state.ts'

/** The error for code that reads the token of a request that has none. */
export function noToken(state: RequestState | undefined, hasOtherState: boolean): ConfigError {
  if (state || !hasOtherState) {
    return new ConfigError(...whyNoToken(state))
  }
  return new ConfigError(
    'No guard of this resource server ran on this request, but a guard of another one did.',
    'Read the token from the resource server whose guard is on the route. Create it once, and import it.',
  )
}

/** The problem, and the fix. */
function whyNoToken(state: RequestState | undefined): readonly [string, string] {
  if (!state) {
    return ['No guard ran on this request.', "Put requireAudience('…') before this handler."]
  }
  if (state.running) {
    return ['A guard is still running on this request.', 'Read the token after the guard is done.']
  }
  if (state.outcome === 'preflight') {
    return [
      'This request is a CORS preflight and has no token.',
      'Answer OPTIONS requests without reading the token.',
    ]
  }
  return [
    'This request was refused.',
    'Read the token only where the guard let the request through.',
  ]
}
