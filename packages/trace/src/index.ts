export { traceMermaid } from './mermaid.ts'
export { traceSvg } from './svg.ts'
