export type { TracedRecord, TraceOptions } from './call.ts'
export { traceMermaid } from './mermaid.ts'
export { traceSvg } from './svg.ts'
