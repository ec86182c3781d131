// Serves the pages for those who write them.
import { watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { createServer } from 'vitepress'
import { root } from '../scripts/run.mjs'
import { pageFiles } from './pages.mjs'
import { stagePage } from './stage.mjs'

const files = new Set(pageFiles())
for (const folder of new Set([...files].map(dirname))) {
  watch(join(root, folder), (_event, name) => {
    const file = folder === '.' ? name : `${folder}/${name}`
    if (file !== null && files.has(file)) show(file)
  })
}

/** @type {(file: string) => void} */
function show(file) {
  try {
    stagePage(file)
  } catch (error) {
    // A page with a wrong link is fixed while it is written.
    console.error(String(error))
  }
}

const server = await createServer(join(root, 'site'), { host: '127.0.0.1' })
await server.listen()
server.printUrls()
