// Small steps over JSON values that several files of the dialect need.
import type { Json, JsonObject } from '../../model/value.ts'
import type { BodyPath, TextEdit } from '../../model/content.ts'

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Neither absent nor null, which mean the same in this API. */
export function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** Every text in a value, its member names and numbers included, in one text: what a guard must see of things that no rewrite may touch. */
export function gatherText(value: Json): string {
  const words: string[] = []
  gather(value, words)
  return words.join('\n')
}

function gather(value: Json, words: string[]): void {
  if (typeof value === 'string') words.push(value)
  else if (typeof value === 'number') words.push(String(value))
  else if (isArray(value)) for (const item of value) gather(item, words)
  else if (isObject(value)) {
    for (const name in value) {
      words.push(name)
      gather(value[name]!, words)
    }
  }
}

/** Calls back for every string in a value, with its path. */
export function eachString(value: Json, path: BodyPath, visit: (text: string, path: BodyPath) => void): void {
  if (typeof value === 'string') visit(value, path)
  else if (isArray(value)) value.forEach((item, i) => eachString(item, [...path, i], visit))
  else if (isObject(value)) for (const name of Object.keys(value)) eachString(value[name]!, [...path, name], visit)
}

/** A body with new texts. Only what lies on a path is copied; the original stays as it is. Throws if a path leads nowhere. */
export function withEdits(body: JsonObject, edits: readonly TextEdit[]): JsonObject {
  if (edits.length === 0) return body
  const copies = new Map<Json, Json>()
  const root = copyOf(body, copies)
  for (const { path, text } of edits) {
    let at = root
    for (const step of path.slice(0, -1)) at = put(at, step, copyOf(at[step], copies))
    const last = path.at(-1)
    if (last === undefined || typeof at[last] !== 'string') throw new TypeError(`no text stands at ${path.join('.')}`)
    put(at, last, text)
  }
  return root
}

type Mutable = { [step: string | number]: Json }

/** One copy per original, so that several edits below the same object meet. */
function copyOf(value: Json | undefined, copies: Map<Json, Json>): Mutable {
  if (typeof value !== 'object' || value === null) throw new TypeError('an edit leads below a plain value')
  const known = copies.get(value)
  if (known !== undefined) return known as Mutable
  const copy = (isArray(value) ? [...value] : { ...value }) as Json
  copies.set(value, copy)
  copies.set(copy, copy)
  return copy as Mutable
}

/** `__proto__` is a member like any other: assigning it would set the prototype instead. */
function put<T extends Json>(object: Mutable, step: string | number, value: T): T {
  if (step === '__proto__') Object.defineProperty(object, step, { value, writable: true, enumerable: true, configurable: true })
  else object[step] = value
  return value
}

/** A body with top-level members set; null removes. */
export function withMembers(body: JsonObject, set: { readonly [name: string]: Json }): JsonObject {
  const names = Object.keys(set)
  if (names.length === 0) return body
  const out = { ...body } as { [name: string]: Json }
  for (const name of names) {
    if (set[name] === null) delete out[name]
    else put(out, name, set[name]!)
  }
  return out
}
