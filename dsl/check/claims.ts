// What rests on the caller's word alone: an `allow`, an exception or an `unless` whose condition reads nothing that is proved.
import { findAttribute } from './names.ts'
import { readPaths } from '../evaluate/paths.ts'
import type { Ground } from './effects.ts'
import type { JsonLogic } from '../compile/bundle.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

const HELP = 'Add a condition on something proved, such as `key.scopes`, `tenant.id` or `user.roles`.'

/** `what` begins the message: "`a.b` allows what". An error in modules `compliance.*`, a warning elsewhere. */
export function checkClaims(what: string, when: JsonLogic, place: Span, { names, module, report }: Ground): void {
  const read = readPaths(when).flatMap((name) => findAttribute(names, name) ?? [])
  if (read.length === 0 || read.some(({ source }) => source === 'proved')) return
  const message = `${what} rests on the caller's word alone: ${read.map(({ name }) => `\`${name}\``).join(', ')}`
  if (module.name.startsWith('compliance.')) report.error('P123', place, message, HELP)
  else report.warning('P123', place, message, HELP)
}
