import { groups } from './attacks/index.ts'
import { runGroup } from './runner/run-group.ts'
import { core } from './runner/targets.ts'

for (const [name, group] of Object.entries(groups)) runGroup(name, group, [core])
