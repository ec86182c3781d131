import type { Result } from './evaluate.ts'
import type { Inputs } from './inputs.ts'

/** A part of the form. The values are in its controls and nowhere else. */
export interface FormPart {
  readonly element: HTMLDetailsElement
  readonly read: () => Partial<Inputs>
  readonly write: (inputs: Inputs) => void
  /** Adapts the part to its own values and to the result. */
  readonly show: (result: Result) => void
}
