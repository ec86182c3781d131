import { attackHost } from '../runner/host-targets.ts'

attackHost('Koa 2')
