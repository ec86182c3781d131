import { core } from './runner/targets.ts'
import { groups } from './attacks/index.ts'
import { runGroup } from './runner/run-group.ts'

for (const [name, group] of Object.entries(groups)) runGroup(name, group, [core])
