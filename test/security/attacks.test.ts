import { core } from './engines.ts'
import { groups } from './groups.ts'
import { runGroup } from './run.ts'

for (const [name, group] of Object.entries(groups)) runGroup(name, group, [core])
