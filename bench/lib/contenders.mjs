// The names that several benchmarks need, and the other build that can take part.
import { pathToFileURL } from 'node:url'

/** The contender that only verifies the signature. It does not refuse requests, so it gets no garbage. */
export const signatureOnly = 'crypto.verify alone'

/** The contender from another build of this project. */
export const beforeName = 'ours, before'

const path = process.env['BENCH_BEFORE']

/** The checkout of another commit, which is built. `undefined` if none takes part. */
export const before = path ? pathToFileURL(`${path}/`) : undefined
