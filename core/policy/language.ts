// The part of the language that the rest of the kernel may speak about. Only this room opens the language's door.
import type { Decision } from '../../dsl/index.ts'
export type { Decision, Reason } from '../../dsl/index.ts'

/** Why a decision denies. */
export type Refused = NonNullable<Decision['refused']>
