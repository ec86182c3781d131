import { expect, test } from 'vitest'
import { ConfigError, refuse } from '../../src/errors/refusal.ts'
import { noToken } from '../../src/http/no-token.ts'
import { RequestState } from '../../src/http/request-state.ts'

function stateWith(changes: Partial<RequestState>): RequestState {
  const request = { method: 'GET', url: '/', headers: [] }
  return Object.assign(new RequestState({}, request, (work) => work()), changes)
}

test.each<
  readonly [problem: string, fix: string, state: RequestState | undefined, hasOtherState: boolean]
>([
  [
    'No guard ran on this request.',
    "Put requireAudience('…') before this handler.",
    undefined,
    false,
  ],
  [
    'No guard of this resource server ran on this request, but a guard of another one did.',
    'Read the token from the resource server whose guard is on the route. Create it once, and import it.',
    undefined,
    true,
  ],
  [
    'A guard is still running on this request.',
    'Read the token after the guard is done.',
    stateWith({ running: Promise.resolve() }),
    true,
  ],
  [
    'This request is a CORS preflight and has no token.',
    'Answer OPTIONS requests without reading the token.',
    stateWith({ outcome: 'preflight' }),
    true,
  ],
  [
    'This request was refused.',
    'Read the token only where the guard let the request through.',
    stateWith({ outcome: refuse('token_expired', '') }),
    true,
  ],
])('the error of code that reads an absent token: %s', (problem, fix, state, hasOtherState) => {
  expect(noToken(state, hasOtherState)).toEqual(new ConfigError(problem, fix))
})
