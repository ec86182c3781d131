// `npm run test:fuzz -- --minutes N` or `-- --tokens N`. The default is a million tokens. `--seed N` repeats a
// run. `npm test` runs a small part of it.
import './help.mjs'
import { run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** @type {(name: string) => string | undefined} */
const option = (name) => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? undefined : process.argv[at + 1]
}

const [minutes, tokens, seed] = ['minutes', 'tokens', 'seed'].map(option)

setUp()
const built = run(tool('tsc'), ['-b'])
const env = {
  ...(minutes ? { FUZZ_MINUTES: minutes } : { FUZZ_TOKENS: tokens ?? '1000000' }),
  ...(seed && { FUZZ_SEED: seed }),
}
const fuzzed = built.ok && run(tool('vitest'), ['run', 'test/fuzz/fuzz.test.ts'], { env }).ok
process.exitCode = fuzzed ? 0 : 1
