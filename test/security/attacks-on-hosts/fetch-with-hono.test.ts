import { attackHost } from '../runner/host-targets.ts'

attackHost('fetch with Hono')
