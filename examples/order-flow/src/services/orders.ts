export interface Order {
  readonly item: string
  readonly buyer: string
}

/** Orders by ID. A user can find and cancel only their own orders. */
export class Orders {
  readonly #orders = new Map<string, Order>([
    ['4711', { item: 'desk-lamp', buyer: 'user-42' }],
    ['4712', { item: 'desk-lamp', buyer: 'user-7' }],
  ])

  find(id: string, user: string): Order | undefined {
    const order = this.#orders.get(id)
    return order?.buyer === user ? order : undefined
  }

  cancel(id: string, user: string): boolean {
    return this.find(id, user) !== undefined && this.#orders.delete(id)
  }
}
