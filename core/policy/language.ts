// The part of the language that the rest of the kernel may speak about. Only this room opens the language's door.
export type { Decision, Reason } from '../../dsl/index.ts'
