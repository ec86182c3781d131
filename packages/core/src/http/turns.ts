import type { MaybePromise } from '../lib/maybe-promise.ts'

/** What guards of one request wait for each other by. */
export interface Turns {
  /** Guards that were started and have not decided. */
  undecided: number
  /** Starts the guards that wait for their turn. */
  waiting: (() => void)[] | undefined
}

/**
 * Guards of one request take turns, also where somebody starts one and does not wait for it: the
 * next one does not let the request go on before that one has decided.
 */
export function inTurn<T>(turns: Turns, decide: () => MaybePromise<T>): MaybePromise<T> {
  turns.undecided += 1
  if (turns.undecided === 1) return decideNow(turns, decide)
  const waiting = (turns.waiting ??= [])
  return new Promise<void>((resolve) => waiting.push(resolve)).then(() => decideNow(turns, decide))
}

function decideNow<T>(turns: Turns, decide: () => MaybePromise<T>): MaybePromise<T> {
  let decided: MaybePromise<T> | undefined
  try {
    decided = decide()
    if (decided instanceof Promise) return decided.finally(() => endTurn(turns))
    return decided
  } finally {
    if (!(decided instanceof Promise)) endTurn(turns)
  }
}

function endTurn(turns: Turns): void {
  turns.undecided -= 1
  turns.waiting?.shift()?.()
}
