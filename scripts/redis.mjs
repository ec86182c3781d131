// Whether this machine has a Redis server. The tests in test/redis start it themselves.
import { spawnSync } from 'node:child_process'

export const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

export const howToGetRedis =
  'redis-server was not found. Install it, for example with apt-get install redis-server.'
