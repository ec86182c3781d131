import fastify from 'fastify'

export const app = fastify()
await app.listen({ port: 0 })
