import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { Reply, RequestRefusedError } from '@resource-server/core/adapter'
import { sendReply } from './platform.ts'

/**
 * A request was refused. Nest's filters see it as an `HttpException`, which is not logged as an error. The headers of
 * `reply`, which contain the challenge, are already on the response, except `Content-Type`.
 *
 * By default, the caller gets `reply`, unless a filter of the controller or the method, or one of `useGlobalFilters()`,
 * catches this exception. With `onRefusal: 'throw'`, it goes to all filters, and `cause` has the code and the reason
 * for your log.
 *
 * @example
 * ```ts
 * import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
 * import { RefusedException } from '@resource-server/nestjs'
 *
 * @Catch(RefusedException)
 * export class RefusalFilter implements ExceptionFilter<RefusedException> {
 *   catch({ reply }: RefusedException, host: ArgumentsHost): void {
 *     host.switchToHttp().getResponse().status(reply.status).send({ refused: true })
 *   }
 * }
 * ```
 */
export class RefusedException extends HttpException {
  /** The status, the headers, and the body that the caller gets. */
  readonly reply: Reply

  /** @param cause only with `onRefusal: 'throw'` */
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

/** The refusal that this package answers itself: `onRefusal: 'reply'`. */
export class RepliedException extends RefusedException {}

/** Sends the reply as it is. */
class RefusedFilter implements ExceptionFilter<RepliedException> {
  catch({ reply }: RepliedException, host: ArgumentsHost): void {
    sendReply(reply, host.switchToHttp().getResponse())
  }
}

// Without decorator syntax, which Node cannot strip from a source.
Catch(RepliedException)(RefusedFilter)

export { RefusedFilter }
