import type { Finding } from '../terminal.ts'

type CreateFinding = (check: string, detail: string, fix?: string) => Finding

const finding =
  (result: Finding['result']): CreateFinding =>
  (check, detail, fix) => ({
    check,
    result,
    detail,
    ...(fix !== undefined && { fix }),
  })

export const passed: CreateFinding = finding('passed')
export const failed: CreateFinding = finding('failed')
export const warning: CreateFinding = finding('warning')
export const skipped: CreateFinding = finding('skipped')

export function isFailed({ result }: Finding): boolean {
  return result === 'failed'
}

/** Waits for a check of another system, for at most this time, in milliseconds. */
const patience = 5_000

class LateError extends Error {
  override readonly name: string = 'LateError'
}

/** @throws LateError if the work takes too long */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new LateError(`no response within ${patience / 1000} s`)),
      patience,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
