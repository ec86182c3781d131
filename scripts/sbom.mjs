// `npm run sbom`: writes a software bill of materials for each published package to `sbom/*.cdx.json`, in the
// CycloneDX format, from the lockfile.
import './help.mjs'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { published } from './packages.mjs'
import { pnpm } from './pnpm.mjs'
import { root } from './run.mjs'
import { setUp } from './setup.mjs'

const folder = join(root, 'sbom')

setUp()
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const { name, folder: short } of published) {
  const out = join(folder, `${short}.cdx.json`)
  const options = ['--sbom-format', 'cyclonedx', '--prod', '--lockfile-only', '--out', out]
  const { ok, output } = pnpm(['--filter', name, 'sbom', ...options])
  if (!ok) {
    console.error(output)
    process.exit(1)
  }
  console.log(`${name}  sbom/${short}.cdx.json`)
}
