// Canonical JSON: members sorted by name, no white space, so that equal values have equal bytes and one hash.
import { createHash } from 'node:crypto'

export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return Array.isArray(value) ? canonicalList(value) : canonicalObject(value as { readonly [name: string]: unknown })
}

function canonicalList(items: readonly unknown[]): string {
  let out = ''
  for (const item of items) out += out === '' ? canonicalJson(item) : `,${canonicalJson(item)}`
  return `[${out}]`
}

/** Most objects are JSON Logic, of one member; there is nothing to sort in them. */
function canonicalObject(members: { readonly [name: string]: unknown }): string {
  const names = Object.keys(members)
  if (names.length > 1) names.sort()
  let out = ''
  for (const name of names) {
    const member = members[name]
    if (member !== undefined) out += `${out === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`
  }
  return `{${out}}`
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
