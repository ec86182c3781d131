import { attackHost } from '../runner/host-targets.ts'

attackHost('Express 5')
