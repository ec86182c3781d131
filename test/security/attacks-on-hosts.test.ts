import { groups } from './groups.ts'
import { hosts } from './hosts.ts'
import { runGroup } from './run.ts'

for (const [name, group] of Object.entries(groups)) runGroup(name, group, hosts)
