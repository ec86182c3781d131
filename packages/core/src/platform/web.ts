/** Runtimes without a diagnostics channel: only `onDecision` gets records there. */
export function hasSubscribers(): boolean {
  return false
}

export function publish(_record: unknown): void {}
