/** The part of a socket that is used here. Node's sockets have it, including those of HTTP/2. */
export interface Connection {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
  readonly destroyed?: boolean | undefined
  /** The server that accepted the connection. Its address is a string if it listens on a Unix domain socket. */
  readonly server?: { readonly address?: (() => unknown) | undefined } | undefined
  /** Exists only on TLS sockets. Returns an empty object if the client has no certificate. */
  readonly getPeerCertificate?: (() => unknown) | undefined
}

/** How a request presents a token: everything in it that can prove a binding. */
export interface Presentation {
  readonly scheme: 'Bearer' | 'DPoP'
  /** As the handler sees it. */
  readonly method: string
  /** The request target as it was received: `/orders?page=2`, or an absolute URL. */
  readonly url: string
  /** The URL that the client used, if the caller knows it. Otherwise it is computed from `url`. */
  readonly publicUrl?: string | undefined
  /** Returns the values of a header, one for each line. The name is in lowercase. */
  readonly header: (name: string) => readonly unknown[]
  /** Absent if the host does not expose it. */
  readonly connection?: (() => Connection | undefined) | undefined
  /** The client's certificate in DER, if the caller knows it. */
  readonly certificate?: Uint8Array | undefined
}
