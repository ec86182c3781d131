import type { Code } from '../errors/codes.ts'
import type { Refusal, RefusalDetail } from '../errors/refusal.ts'
import { type Reply, type ReplyContext, type ReplySettings, replyTo } from './challenge.ts'

interface KnownReply {
  readonly scheme: ReplyContext['scheme']
  readonly retryAfter: number | undefined
  readonly reply: Reply
}

/** Details that no reply contains, or that are compared. A reply with any other detail is written for its request. */
const comparable: ReadonlySet<string> = new Set<keyof RefusalDetail>([
  'claim',
  'explained',
  'retryAfter',
  'scheme',
])

/**
 * Returns a function that writes replies. Most requests with a bad token get the same reply, so the last reply for
 * each code is kept: a flood of such requests costs less. Kept replies are frozen.
 */
export function replyWriter(
  settings: ReplySettings,
): (refusal: Refusal, context: ReplyContext) => Reply {
  const known = new Map<Code, KnownReply>()
  return (refusal, context) => {
    const { code, detail } = refusal
    const { scheme = detail.scheme } = context
    const { retryAfter } = detail
    // What a user's function returns may differ each time.
    const isKept = !settings.refusalBody && context.nonce === undefined && isComparable(detail)
    if (!isKept) return replyTo(refusal, settings, context)
    const last = known.get(code)
    if (last && last.scheme === scheme && last.retryAfter === retryAfter) return last.reply
    const { headers, ...rest } = replyTo(refusal, settings, context)
    const reply = Object.freeze({ ...rest, headers: Object.freeze(headers) })
    known.set(code, { scheme, retryAfter, reply })
    return reply
  }
}

function isComparable(detail: RefusalDetail): boolean {
  for (const name in detail) if (!comparable.has(name)) return false
  return true
}
