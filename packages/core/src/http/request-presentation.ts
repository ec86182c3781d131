import type { Connection, Presentation } from '../binding/presentation.ts'
import type { Credential } from './credential.ts'
import { headerValues, type HttpRequest } from './request.ts'

/** How a request presents its token. A class, because only a bound token needs more than the scheme. */
export class RequestPresentation implements Presentation {
  readonly scheme: Credential['scheme']
  readonly publicUrl = undefined
  readonly certificate = undefined
  readonly #request: HttpRequest

  constructor(request: HttpRequest, scheme: Credential['scheme']) {
    this.scheme = scheme
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#request.url
  }

  header(name: string): readonly unknown[] {
    return headerValues(this.#request, name)
  }

  connection(): Connection | undefined {
    return this.#request.connection?.()
  }
}
