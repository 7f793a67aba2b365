// Names of places in policies: single locations and the unions `prompt` and `completion`.
import { COMPLETION_LOCATIONS, PROMPT_LOCATIONS } from '../model/content.ts'

const UNIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['prompt', new Set<string>(PROMPT_LOCATIONS)],
  ['completion', new Set<string>(COMPLETION_LOCATIONS)],
  ...[...PROMPT_LOCATIONS, ...COMPLETION_LOCATIONS].map((name): [string, ReadonlySet<string>] => [name, new Set([name])]),
])

const NONE: ReadonlySet<string> = new Set()

/** The single locations behind a name; empty for a name that is none. */
export function locationsOf(name: string): ReadonlySet<string> {
  return UNIONS.get(name) ?? NONE
}
