// What an answer holds beside texts: audio, images, files, sealed reasoning. No guard can read them, so they are named.
import { isArray, isObject } from './json.ts'
import type { Json, JsonObject } from '../../model/value.ts'

const BYTES: ReadonlySet<string> = new Set(['data', 'b64_json', 'file_data'])
const DATA_URL = /^data:[^,]*;base64,/i

/** Names come from the provider: as many, and as long, as a record takes. */
const MAX_KINDS = 32
const MAX_KIND_CHARS = 64

/** The members of a message, or of a delta of one, that hold bytes. */
export function noteUnscanned(message: JsonObject, kinds: Set<string>): void {
  for (const name in message) {
    const value = message[name]!
    if (typeof value === 'object' && holdsBytes(value)) kinds.add(kinds.size >= MAX_KINDS || name.length > MAX_KIND_CHARS ? 'other' : name)
  }
}

function holdsBytes(value: Json): boolean {
  if (typeof value === 'string') return DATA_URL.test(value)
  if (isArray(value)) return value.some(holdsBytes)
  if (!isObject(value)) return false
  for (const name in value) {
    const member = value[name]!
    if (typeof member === 'string' && member !== '' && BYTES.has(name)) return true
    if (holdsBytes(member)) return true
  }
  return false
}

/** Of a whole answer. */
export function unscannedIn({ choices }: JsonObject): readonly string[] {
  const kinds = new Set<string>()
  if (isArray(choices)) for (const choice of choices) if (isObject(choice) && isObject(choice.message)) noteUnscanned(choice.message, kinds)
  return [...kinds]
}
