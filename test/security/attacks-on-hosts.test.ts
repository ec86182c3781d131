import { groups } from './attacks/index.ts'
import { hostTargets } from './runner/host-targets.ts'
import { runGroup } from './runner/run-group.ts'

for (const [name, group] of Object.entries(groups)) runGroup(name, group, hostTargets)
