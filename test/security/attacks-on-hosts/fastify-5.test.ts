import { attackHost } from '../runner/host-targets.ts'

attackHost('Fastify 5')
