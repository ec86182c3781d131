export type { TracedRecord } from './call.ts'
export { traceMermaid } from './mermaid.ts'
export { traceSvg } from './svg.ts'
