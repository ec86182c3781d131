// Runs before the tests: those outside packages/core import the packages as they are published.
export { bundle as setup } from '../scripts/bundle.mjs'
