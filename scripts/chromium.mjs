// Finds Chromium. The tests of the docs site start it themselves.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome']
const folders = (process.env['PATH'] ?? '').split(delimiter)

/** The path of the command, or `undefined` if this machine has none of them. */
export const chromium = names
  .flatMap((name) => folders.map((folder) => join(folder, name)))
  .find((path) => existsSync(path))

export const howToGetChromium =
  'Chromium was not found. Install it, for example with apt-get install chromium.'
