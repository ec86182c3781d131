// Writes all pages that VitePress reads: those of the repository, and the API reference.
import { pageFiles, unlisted } from './pages.mjs'
import { writeReference } from './reference.mjs'
import { stage } from './stage.mjs'

const missing = unlisted(pageFiles())
for (const file of missing) console.error(`${file} is in no section of site/pages.mjs.`)
stage()
process.exitCode = (await writeReference()) && missing.length === 0 ? 0 : 1
