// All examples of diagnostics. A test asks for one of each code of the catalogue, and executes it: `test/docs/diagnostics.test.ts`.
import { EXAMPLE_DAY, PROOF_EXAMPLES } from './examples-proof.ts'
import { LANGUAGE_EXAMPLES } from './examples-language.ts'
import { MEANING_EXAMPLES } from './examples-meaning.ts'
import { SYNTAX_EXAMPLES } from './examples-syntax.ts'
import type { CodeExample } from './example-entry.ts'

export { EXAMPLE_DAY, type CodeExample }

export const EXAMPLES: readonly CodeExample[] = [...SYNTAX_EXAMPLES, ...MEANING_EXAMPLES, ...LANGUAGE_EXAMPLES, ...PROOF_EXAMPLES]

/** An example as a whole file. */
export const fileOf = (text: string): string => (text.startsWith('module ') ? text : `module acme.example\n${text}`)
