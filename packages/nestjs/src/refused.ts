import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { Reply, RequestRefusedError } from '@resource-server/core/adapter'
import { sendReply } from './platform.ts'

/**
 * A request was refused. Nest's filters see it as an `HttpException`, which is not logged as an error. If no filter of
 * yours catches it, the caller gets `reply`. A filter that sends its own body must also send `reply.headers`, because
 * they contain the challenge.
 *
 * @example
 * ```ts
 * import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
 * import { RefusedException } from '@resource-server/nestjs'
 *
 * @Catch(RefusedException)
 * export class RefusalFilter implements ExceptionFilter<RefusedException> {
 *   catch({ reply }: RefusedException, host: ArgumentsHost): void {
 *     const { headers, status } = reply
 *     host.switchToHttp().getResponse().status(status).set(headers).json({ refused: true })
 *   }
 * }
 * ```
 */
export class RefusedException extends HttpException {
  /** The status, the headers, and the body that the caller gets. */
  readonly reply: Reply

  /** @param cause has the code and the reason, for your log. Only with `onRefusal: 'throw'` */
  constructor(reply: Reply, cause?: RequestRefusedError) {
    super(bodyOf(reply), reply.status, { cause })
    this.reply = reply
  }
}

/** What a filter for all exceptions sends: the members of the body, if it is JSON. */
function bodyOf({ body }: Reply): object | string {
  try {
    return JSON.parse(body) as object
  } catch {
    return body
  }
}

/** Sends the reply as it is. */
class RefusedFilter implements ExceptionFilter<RefusedException> {
  catch({ reply }: RefusedException, host: ArgumentsHost): void {
    sendReply(reply, host.switchToHttp().getResponse())
  }
}

// Without decorator syntax, which Node cannot strip from a source.
Catch(RefusedException)(RefusedFilter)

export { RefusedFilter }
